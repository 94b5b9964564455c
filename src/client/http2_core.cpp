#include "http2_core.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <veil/core/errors.hpp>

namespace veil::client {
namespace {

constexpr std::size_t max_header_bytes = 16 * 1024;
constexpr std::size_t max_answer_bytes = 64 * 1024;
constexpr std::size_t max_farewell_bytes = 120;
constexpr std::size_t output_bytes = 64 * 1024;

std::string_view text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

nghttp2_nv pair(std::string_view name, std::string_view value, bool repeats) {
    const auto raw = [](std::string_view from) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(from.data()));
    };
    const int flags = repeats ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX;
    return {raw(name), raw(value), name.size(), value.size(), static_cast<std::uint8_t>(flags)};
}

void must(int result) {
    if (result < 0) throw std::runtime_error(std::string("HTTP/2: ") + nghttp2_strerror(result));
}

std::string printable(std::string_view from) {
    std::string out(from.substr(0, max_farewell_bytes));
    for (auto& c : out)
        if (c < 0x20 || c > 0x7e) c = '?';
    return out;
}

}  // namespace

struct http2_core::callbacks {
    static http2_core& self(void* core) { return *static_cast<http2_core*>(core); }

    static stream* find(void* core, stream_id id) {
        const auto it = self(core).streams_.find(id);
        return it == self(core).streams_.end() ? nullptr : &it->second;
    }

    static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* core) {
        auto* const s = find(core, frame->hd.stream_id);
        if (s != nullptr && s->answer.status < 200) s->answer = {};  // an interim answer (RFC 9110, 15.2) is over
        return 0;
    }

    static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* core) {
        auto* const s = find(core, frame->hd.stream_id);
        if (s == nullptr) return 0;
        s->header_bytes += name_size + value_size;
        if (s->header_bytes > max_header_bytes) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        const auto key = text(name, name_size);
        const auto content = text(value, value_size);
        if (key == ":status")
            std::from_chars(content.data(), content.data() + content.size(), s->answer.status);
        else
            s->answer.headers.emplace_back(key, content);
        return 0;
    }

    static int data(nghttp2_session* session, std::uint8_t, stream_id id, const std::uint8_t* bytes, std::size_t size,
                    void* core) {
        auto* const s = find(core, id);
        if (s == nullptr) return 0;
        if (s->answer.body.size() + size > max_answer_bytes)
            return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        s->answer.body += text(bytes, size);
        return 0;
    }

    static int frame(nghttp2_session*, const nghttp2_frame* f, void* core) {
        auto& c = self(core);
        if (f->hd.type == NGHTTP2_SETTINGS && (f->hd.flags & NGHTTP2_FLAG_ACK) == 0) c.settled_ = true;
        if (f->hd.type == NGHTTP2_GOAWAY) {
            c.draining_ = true;
            c.farewell_ = nghttp2_http2_strerror(f->goaway.error_code);
            if (f->goaway.opaque_data_len > 0)
                c.farewell_ += " " + printable(text(f->goaway.opaque_data, f->goaway.opaque_data_len));
        }
        const bool ends = f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA;
        if (auto* const s = find(core, f->hd.stream_id);
            s != nullptr && ends && (f->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            s->complete = true;
        return 0;
    }

    static int closed(nghttp2_session*, stream_id id, std::uint32_t error, void* core) {
        auto& c = self(core);
        auto node = c.streams_.extract(id);
        if (node.empty()) return 0;
        auto& s = node.mapped();
        http2_end end;
        if (s.complete && s.answer.status >= 200) {
            end.what = http2_end::kind::answered;
            end.answer = std::move(s.answer);
            c.answered_any_ = true;
        } else if (error == NGHTTP2_REFUSED_STREAM) {
            end.what = http2_end::kind::refused;
        }
        s.ended(std::move(end));
        return 0;
    }

    static ssize_t body(nghttp2_session*, stream_id id, std::uint8_t* to, std::size_t room, std::uint32_t* flags,
                        nghttp2_data_source*, void* core) {
        auto* const s = find(core, id);
        if (s == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // cancelled meanwhile
        const auto size = std::min(room, s->unsent.size());
        std::memcpy(to, s->unsent.data(), size);
        s->unsent.remove_prefix(size);
        if (s->unsent.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(size);
    }
};

http2_core::http2_core(std::string authority) : authority_(std::move(authority)) {
    nghttp2_session_callbacks* table = nullptr;
    must(nghttp2_session_callbacks_new(&table));
    nghttp2_session_callbacks_set_on_begin_headers_callback(table, &callbacks::begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(table, &callbacks::header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, &callbacks::data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(table, &callbacks::frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(table, &callbacks::closed);
    nghttp2_session* session = nullptr;
    const int made = nghttp2_session_client_new(&session, table, this);
    nghttp2_session_callbacks_del(table);
    must(made);
    session_.reset(session);
    constexpr nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    must(nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings, std::size(settings)));
}

bool http2_core::accepts() const {
    return settled_ && !draining_ && nghttp2_session_check_request_allowed(session_.get()) != 0 &&
           streams_.size() <
               nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

http2_core::stream_id http2_core::submit(const http2_request& head, std::string_view body, on_end ended) {
    std::vector<nghttp2_nv> fields{pair(":method", "POST", true), pair(":scheme", "https", true),
                                   pair(":authority", authority_, true), pair(":path", head.path, false)};
    if (head.authorization) fields.push_back(pair("authorization", head.authorization->reveal(), true));
    for (const auto& h : head.headers) fields.push_back(pair(h.name, h.value, h.repeats));
    nghttp2_data_provider provider{};
    provider.read_callback = &callbacks::body;
    const auto id = nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), &provider, nullptr);
    must(id);
    streams_.emplace(id, stream{.unsent = body, .ended = std::move(ended)});
    return id;
}

void http2_core::cancel(stream_id id) {
    if (streams_.erase(id) > 0) nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

void http2_core::ping() { must(nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr)); }

void http2_core::feed(std::string_view bytes) {
    const auto used =
        nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (used < 0)
        throw core::refused(std::string("HTTP/2 protocol error: ") + nghttp2_strerror(static_cast<int>(used)));
}

// nghttp2 reads no more once it has sent its complaint; and neither when a session has drained, which is no fault.
bool http2_core::broken() const {
    const bool drained = draining_ && streams_.empty();
    return nghttp2_session_want_read(session_.get()) == 0 && !drained;
}

std::string_view http2_core::take() {
    out_.clear();
    while (out_.size() < output_bytes) {
        const std::uint8_t* bytes = nullptr;
        const auto size = nghttp2_session_mem_send(session_.get(), &bytes);
        if (size <= 0) {
            must(static_cast<int>(size));
            break;
        }
        out_ += text(bytes, static_cast<std::size_t>(size));
    }
    return out_;
}

void http2_core::abandon() {
    const auto left = std::move(streams_);
    streams_.clear();
    for (const auto& [_, s] : left) s.ended({});
}

}  // namespace veil::client
