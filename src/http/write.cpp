#include "write.hpp"

#include <array>
#include <ctime>

namespace veil::http {
namespace {

// The Date header (RFC 9110, section 6.6.1), made once a second. Always the C locale's names: nothing sets another.
std::string_view date_line() {
    static std::time_t made_at = 0;
    static std::array<char, 48> text{};
    static std::size_t length = 0;
    const std::time_t now = std::time(nullptr);
    if (now != made_at) {
        std::tm utc{};
        gmtime_r(&now, &utc);
        length = std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
        made_at = now;
    }
    return {text.data(), length};
}

}  // namespace

void append_response(std::string& out, const response& answer, std::string_view request_id, connection then,
                     bool head_only) {
    const std::string_view body = answer.fixed_body.empty() ? answer.body : answer.fixed_body;
    out += "HTTP/1.1 ";
    out += std::to_string(answer.status);
    out += ' ';
    out += reason_phrase(answer.status);
    out += "\r\n";
    out += date_line();
    if (!body.empty()) {
        out += "Content-Type: ";
        out += answer.content_type;
        out += "\r\n";
    }
    if (answer.status != 204) {
        out += "Content-Length: ";
        out += std::to_string(body.size());
        out += "\r\n";
    }
    out += "X-Request-Id: ";
    out += request_id;
    out += "\r\nX-Content-Type-Options: nosniff\r\n";
    if (!answer.cacheable) out += "Cache-Control: no-store\r\n";
    for (const auto& [name, value] : answer.headers) {
        out += name;
        out += ": ";
        out += value;
        out += "\r\n";
    }
    if (then == connection::close) out += "Connection: close\r\n";
    if (then == connection::keep_alive_1_0) out += "Connection: keep-alive\r\n";
    out += "\r\n";
    if (!head_only && answer.fixed_body.empty()) out += body;
}

}  // namespace veil::http
