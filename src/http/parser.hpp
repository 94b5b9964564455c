// HTTP/1.1 requests from bytes, without any I/O: Beast's tokeniser filling our request, with the contract's limits and
// strictness (RFC 9112). One parser a connection; I/O thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <veil/http/message.hpp>

namespace veil::http {

inline constexpr std::size_t max_head_bytes = 16 * 1024;
inline constexpr std::size_t max_body_bytes = 64 * 1024;

class parser {
 public:
    // Fills `into`, which must outlive the parser.
    explicit parser(request& into);
    ~parser();

    // Forgets the last request and makes ready for the next one.
    void reset();

    // Consumes what it can of `bytes` and says how much; the rest must be offered again, with more behind it.
    std::size_t feed(std::string_view bytes);

    bool started() const noexcept;    // some of the request has been consumed or offered
    bool head_done() const noexcept;  // the request line and all headers are there
    bool done() const noexcept;       // the whole request is there
    int error() const noexcept;       // the status to refuse it with, or 0
    bool keep_alive() const;          // whether the connection may serve another request
    bool http_1_0() const;
    bool wants_continue() const;  // Expect: 100-continue

 private:
    class machine;
    request& into_;
    std::unique_ptr<machine> machine_;
    bool started_ = false;
    int error_ = 0;
};

}  // namespace veil::http
