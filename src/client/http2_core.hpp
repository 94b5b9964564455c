// The client's side of one HTTP/2 connection (RFC 9113) without any I/O: requests and received bytes go in, bytes to
// send and answers come out. Owned by http2_connection; one thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <veil/client/http2.hpp>

namespace veil::client {

// How a stream ended. `refused` means that the server certainly did nothing (RFC 9113, section 8.7).
struct http2_end {
    enum class kind { answered, refused, broken } what = kind::broken;
    http2_answer answer;
};

class http2_core {
 public:
    using stream_id = std::int32_t;
    using on_end = std::function<void(http2_end)>;

    explicit http2_core(std::string authority);

    // Whether a request may be submitted now: SETTINGS have come, the server's stream limit has room, no GOAWAY.
    bool accepts() const;

    // Starts a stream with the path and headers of `head`. `body` must live until `ended` was called or cancel() was;
    // `ended` must not call back.
    stream_id submit(const http2_request& head, std::string_view body, on_end ended);

    // Gives a stream up; its `ended` is never called.
    void cancel(stream_id stream);

    void ping();

    // Takes received bytes. Throws core::refused when they are beyond any protocol.
    void feed(std::string_view bytes);

    // The next bytes to send, at most about 64 KiB; empty when there are none. Valid until the next call.
    std::string_view take();

    // The server has broken the protocol, and been told so by what take() gave: the connection must end.
    bool broken() const;

    // Ends every stream as broken: the connection is gone.
    void abandon();

    std::size_t in_flight() const noexcept { return streams_.size(); }
    bool settled() const noexcept { return settled_; }            // the server's SETTINGS have come
    bool draining() const noexcept { return draining_; }          // the server has sent GOAWAY
    const std::string& farewell() const { return farewell_; }     // what the GOAWAY said, for the log
    bool answered_any() const noexcept { return answered_any_; }  // at least one stream was answered

    struct callbacks;  // what nghttp2 calls

 private:
    struct stream {
        std::string_view unsent;  // of the body
        on_end ended;
        http2_answer answer;
        std::size_t header_bytes = 0;
        bool complete = false;
    };
    struct release {
        void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
    };

    std::string authority_;
    std::unique_ptr<nghttp2_session, release> session_;
    std::unordered_map<stream_id, stream> streams_;
    std::string out_;
    std::string farewell_;
    bool settled_ = false;
    bool draining_ = false;
    bool answered_any_ = false;
};

}  // namespace veil::client
