#include "h2_server.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace veil::test {
namespace {

void must(int result) {
    if (result < 0) throw std::runtime_error(std::string("nghttp2: ") + nghttp2_strerror(result));
}

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv field(std::string_view name, std::string_view value) {
    const auto raw = [](std::string_view from) {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(from.data()));  // nghttp2 copies, it never writes
    };
    return {raw(name), raw(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

std::string_view h2_request::header(std::string_view name) const {
    const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

// What nghttp2 calls. No code of the owner runs in here: completed requests wait in complete_ until nghttp2 has
// returned, so that an answer may do anything, throwing included.
struct h2_server::hooks {
    static h2_server& self(void* user) { return *static_cast<h2_server*>(user); }

    static int begin(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
        auto& me = self(user);
        me.open_[frame->hd.stream_id].request.stream = frame->hd.stream_id;
        ++me.streams_;
        me.peak_ = std::max(me.peak_, me.open_.size());
        return 0;
    }

    static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        const auto found = self(user).open_.find(frame->hd.stream_id);
        if (found == self(user).open_.end()) return 0;
        auto& request = found->second.request;
        const auto key = text(name, name_size);
        if (key == ":method")
            request.method = text(value, value_size);
        else if (key == ":path")
            request.path = text(value, value_size);
        else if (!key.starts_with(':'))
            request.headers.emplace_back(key, text(value, value_size));
        return 0;
    }

    static int data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes, std::size_t size,
                    void* user) {
        const auto found = self(user).open_.find(stream);
        if (found != self(user).open_.end()) found->second.request.body += text(bytes, size);
        return 0;
    }

    static int received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        auto& me = self(user);
        const auto type = frame->hd.type;
        if (type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) ++me.pings_;
        if (type == NGHTTP2_GOAWAY) me.client_said_goaway_ = true;
        const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (ends && (type == NGHTTP2_HEADERS || type == NGHTTP2_DATA)) me.complete_.push_back(frame->hd.stream_id);
        return 0;
    }

    static int closed(nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
        self(user).open_.erase(stream);
        return 0;
    }

    // nghttp2 answers a protocol error with a GOAWAY of its own.
    static int sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        auto& me = self(user);
        const bool error = frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR;
        if (error && !me.own_goaway_) me.failed_ = true;
        return 0;
    }

    static ssize_t body(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t room, std::uint32_t* flags,
                        nghttp2_data_source* source, void*) {
        auto& state = *static_cast<stream_state*>(source->ptr);
        const auto size = std::min(room, state.answer.size() - state.sent);
        std::memcpy(to, state.answer.data() + state.sent, size);
        state.sent += size;
        if (state.sent == state.answer.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(size);
    }

    static nghttp2_session_callbacks* table() {
        nghttp2_session_callbacks* made = nullptr;
        must(nghttp2_session_callbacks_new(&made));
        nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin);
        nghttp2_session_callbacks_set_on_header_callback(made, header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(made, received);
        nghttp2_session_callbacks_set_on_stream_close_callback(made, closed);
        nghttp2_session_callbacks_set_on_frame_send_callback(made, sent);
        return made;
    }
};

void h2_server::release::operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }

h2_server::h2_server(const h2_server_options& options, std::function<void(h2_request)> on_request)
    : on_request_(std::move(on_request)) {
    nghttp2_option* tuning = nullptr;
    must(nghttp2_option_new(&tuning));
    nghttp2_option_set_no_auto_window_update(tuning, options.window_updates ? 0 : 1);
    nghttp2_option_set_no_closed_streams(tuning, 1);  // no priority tree of past streams
    nghttp2_session_callbacks* const callbacks = hooks::table();
    nghttp2_session* session = nullptr;
    const int made = nghttp2_session_server_new2(&session, callbacks, this, tuning);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(tuning);
    must(made);
    session_.reset(session);
    const std::array<nghttp2_settings_entry, 2> settings{
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_streams},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.initial_window}};
    must(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
}

h2_server::~h2_server() = default;

bool h2_server::feed(std::string_view bytes) {
    if (failed_) return false;
    const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (nghttp2_session_mem_recv(session_.get(), data, bytes.size()) < 0) failed_ = true;
    dispatch();
    drain();
    return !failed_;
}

void h2_server::dispatch() {
    for (const auto stream : std::exchange(complete_, {})) {
        const auto found = open_.find(stream);
        if (found != open_.end() && stream <= last_stream_) on_request_(std::move(found->second.request));
    }
}

std::string h2_server::take() {
    drain();
    return std::exchange(out_, {});
}

void h2_server::drain() {
    while (true) {
        const std::uint8_t* data = nullptr;
        const auto size = nghttp2_session_mem_send(session_.get(), &data);
        must(static_cast<int>(size));
        if (size == 0) return;
        out_ += text(data, static_cast<std::size_t>(size));
    }
}

void h2_server::respond(std::int32_t stream, int status, const h2_headers& headers, std::string body) {
    const auto found = open_.find(stream);
    if (found == open_.end() || found->second.answered || stream > last_stream_) return;
    auto& state = found->second;
    state.answered = true;
    state.answer = std::move(body);
    const std::string code = std::to_string(status);
    std::vector<nghttp2_nv> fields{field(":status", code)};
    for (const auto& [name, value] : headers) fields.push_back(field(name, value));
    nghttp2_data_provider provider{.source = {.ptr = &state}, .read_callback = hooks::body};
    must(nghttp2_submit_response(session_.get(), stream, fields.data(), fields.size(),
                                 state.answer.empty() ? nullptr : &provider));
}

void h2_server::reset(std::int32_t stream, std::uint32_t code) {
    if (open_.contains(stream)) must(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, code));
}

void h2_server::goaway(std::int32_t last_stream, std::uint32_t code) {
    if (last_stream == INT32_MAX) return must(nghttp2_submit_shutdown_notice(session_.get()));
    last_stream_ = std::min(last_stream_, last_stream);
    own_goaway_ = true;
    must(nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last_stream_, code, nullptr, 0));
}

void h2_server::open_window(std::int32_t stream, std::int32_t bytes) {
    if (stream == 0 || open_.contains(stream))
        must(nghttp2_submit_window_update(session_.get(), NGHTTP2_FLAG_NONE, stream, bytes));
}

void h2_server::set_max_streams(std::uint32_t streams) {
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams};
    must(nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, &entry, 1));
}

bool h2_server::done() const {
    return nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
}

}  // namespace veil::test
