#include "message.hpp"

#include <veil/core/json.hpp>

namespace veil::push {
namespace {

constexpr std::size_t max_name_characters = 256;
constexpr std::size_t max_name_bytes = 1024;  // of JSON

// Writes a flat JSON object; FCM wants every value as a string.
class object_writer {
 public:
    explicit object_writer(bool numbers_as_text) : numbers_as_text_(numbers_as_text) {}
    void add(std::string_view name, std::string_view value) {
        key(name);
        core::append_quoted(out_, value);
    }
    void add(std::string_view name, std::int64_t value) {
        if (numbers_as_text_) return add(name, std::to_string(value));
        key(name);
        out_ += std::to_string(value);
    }
    std::string end() && { return std::move(out_) + "}"; }

 private:
    void key(std::string_view name) {
        if (out_.size() > 1) out_ += ',';
        core::append_quoted(out_, name);
        out_ += ':';
    }
    bool numbers_as_text_;
    std::string out_ = "{";
};

std::string data_of(const message& m, bool for_android) {
    object_writer out(for_android);
    if (m.what == message::kind::cancel) {
        out.add("type", "cancel");
        out.add("call_id", m.call_id);
        out.add("reason", m.reason);
    } else {
        if (for_android) out.add("type", "call");
        out.add("caller_name", m.caller_name);
        out.add("call_id", m.call_id);
        out.add("call_type", m.call_type);
    }
    out.add("sent_at", m.sent_at);
    out.add("expires_at", m.expires_at);
    return std::move(out).end();
}

struct character {
    char32_t code = 0;
    std::size_t bytes = 1;
};

// The first code point of well-formed UTF-8.
character first_of(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    char32_t code = lead & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes && i < text.size(); ++i)
        code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3fU);
    return {code, bytes};
}

std::size_t json_bytes(character c) {
    if (c.code == '"' || c.code == '\\' || (c.code >= 8 && c.code <= 13 && c.code != 11)) return 2;
    return c.code < 0x20 ? 6 : c.bytes;
}

bool is_joiner(char32_t code) { return code == 0x200d; }

bool is_flag_half(char32_t code) { return code >= 0x1f1e6 && code <= 0x1f1ff; }

// Belongs to the character before it: combining marks, variation selectors, skin tones, tags.
bool extends(char32_t code) {
    return is_joiner(code) || (code >= 0x300 && code <= 0x36f) || (code >= 0xfe00 && code <= 0xfe0f) ||
           (code >= 0x1f3fb && code <= 0x1f3ff) || (code >= 0xe0020 && code <= 0xe007f);
}

}  // namespace

std::string_view name_of(message::kind what) noexcept {
    return what == message::kind::call ? "call" : what == message::kind::cancel ? "cancel" : "test";
}

// What a reader sees as one character is kept or dropped as a whole: `whole` is the end of the last complete one.
std::string bounded_name(std::string_view name) {
    std::size_t at = 0, whole = 0, characters = 0, bytes = 0, flag_halves = 0;
    char32_t before = 0;
    while (at < name.size()) {
        const auto next = first_of(name.substr(at));
        flag_halves = is_flag_half(next.code) ? flag_halves + 1 : 0;
        const bool second_half = flag_halves != 0 && flag_halves % 2 == 0;
        if (!extends(next.code) && !is_joiner(before) && !second_half) whole = at;
        characters += 1;
        bytes += json_bytes(next);
        if (characters > max_name_characters || bytes > max_name_bytes)
            return std::string(name.substr(0, whole > 0 ? whole : at));
        at += next.bytes;
        before = next.code;
    }
    return std::string(name);
}

std::string apns_payload(const message& m) { return data_of(m, false); }

std::string fcm_payload(const message& m, std::string_view token, std::int64_t ttl) {
    std::string out = R"({"message":{"token":)";
    core::append_quoted(out, token);
    out += R"(,"data":)" + data_of(m, true);
    out += R"(,"android":{"priority":"HIGH","ttl":")" + std::to_string(ttl) + R"(s"}}})";
    return out;
}

}  // namespace veil::push
