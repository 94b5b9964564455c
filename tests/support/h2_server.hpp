// An HTTP/2 server session without a socket (nghttp2): feed it what the client sent, take what it has to send. The test
// or the listener that owns it decides every answer, now or later, and may misbehave on purpose. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

struct nghttp2_session;
struct nghttp2_session_callbacks;

namespace veil::test {

using h2_headers = std::vector<std::pair<std::string, std::string>>;

struct h2_request {
    std::int32_t stream = 0;
    std::string method, path;
    h2_headers headers;  // without the pseudo headers, names in lower case as HTTP/2 wants them
    std::string body;

    std::string_view header(std::string_view name) const;  // empty when it is missing
};

struct h2_server_options {
    std::uint32_t max_streams = 100;       // of the first SETTINGS; a client that exceeds it is refused or cut off
    std::uint32_t initial_window = 65535;  // bytes of body that a client may send before it is given more
    bool window_updates = true;            // false: none is given; see open_window
};

class h2_server {
 public:
    // `on_request` gets every request once its body is complete, from within feed().
    h2_server(const h2_server_options& options, std::function<void(h2_request)> on_request);
    ~h2_server();
    h2_server(const h2_server&) = delete;
    h2_server& operator=(const h2_server&) = delete;

    // Bytes from the client; false after a protocol error (what take() then returns says so to the client).
    bool feed(std::string_view bytes);
    // Bytes for the client; empty when there are none for now.
    std::string take();

    // Without effect on a stream that is closed, answered or above a GOAWAY's last id.
    void respond(std::int32_t stream, int status, const h2_headers& headers = {}, std::string body = {});
    void reset(std::int32_t stream, std::uint32_t code);
    void open_window(std::int32_t stream, std::int32_t bytes);  // stream 0: the connection's
    // Later streams, and open ones above `last_stream`, are ignored from here on. 2^31-1 only announces the end.
    void goaway(std::int32_t last_stream, std::uint32_t code = 0);
    void set_max_streams(std::uint32_t streams);

    bool done() const;  // nothing more to read or to write: after a GOAWAY of either side, or an error
    bool client_said_goaway() const { return client_said_goaway_; }
    std::size_t pings() const { return pings_; }      // received
    std::size_t streams() const { return streams_; }  // begun since the start
    std::size_t open_streams() const { return open_.size(); }
    std::size_t peak_streams() const { return peak_; }  // most that were open at once

 private:
    struct stream_state {
        h2_request request;
        std::string answer;
        std::size_t sent = 0;
        bool answered = false;
    };
    struct hooks;
    struct release {
        void operator()(nghttp2_session* session) const noexcept;
    };
    void dispatch();
    void drain();

    std::function<void(h2_request)> on_request_;
    std::unordered_map<std::int32_t, stream_state> open_;
    std::vector<std::int32_t> complete_;  // requests that on_request_ has not seen yet
    std::string out_;
    std::int32_t last_stream_ = INT32_MAX;
    std::size_t pings_ = 0, streams_ = 0, peak_ = 0;
    bool client_said_goaway_ = false;
    bool own_goaway_ = false;
    bool failed_ = false;
    std::unique_ptr<nghttp2_session, release> session_;
};

}  // namespace veil::test
