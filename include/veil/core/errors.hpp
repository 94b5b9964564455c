// What the client should see is thrown as api_error from anywhere and becomes {"detail": ...} in the router; what broke
// beneath (database, ejabberd, sockets, deadlines) is thrown as one of the other types here and mapped to 502/503/504
// in the router alone, its text going to the log and never to the client.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace veil::core {

// An answer of the contract that is not a success; a constant of its kind both throws it and documents it.
struct failure {
    int status;
    std::string_view detail;  // the text of the contract, sent as a JSON string
};

// An answer that is not a success. `status` is the HTTP status; the body is always {"detail": ...}.
class api_error : public std::exception {
 public:
    explicit api_error(const failure& what) : api_error(what.status, what.detail) {}
    api_error(int status, std::string_view detail);

    // detail_json: a JSON value already rendered, for example the list of validation items.
    static api_error with_json(int status, std::string_view detail_json);

    // Adds a response header, for example WWW-Authenticate.
    api_error&& header(std::string name, std::string value) &&;

    // What broke beneath, for the log alone.
    api_error&& because(std::string cause) &&;

    int status() const noexcept { return status_; }
    const std::string& body() const noexcept { return body_; }
    const std::pair<std::string, std::string>& extra_header() const noexcept { return header_; }
    const std::string& cause() const noexcept { return cause_; }
    const char* what() const noexcept override { return body_.c_str(); }

 private:
    api_error() = default;
    int status_ = 500;
    std::string body_;
    std::pair<std::string, std::string> header_;
    std::string cause_;
};

// A system we depend on cannot be reached, or answers that it cannot work now: 503.
struct unavailable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A bounded queue of ours is full: 503 with Retry-After.
struct overloaded : unavailable {
    using unavailable::unavailable;
};

// A system we depend on did not answer in time: 504.
struct timed_out : unavailable {
    using unavailable::unavailable;
};

// A system we depend on answered, but refused or made no sense: 502.
struct refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace veil::core
