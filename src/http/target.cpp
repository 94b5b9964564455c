#include "target.hpp"

#include <veil/core/ascii.hpp>
#include <veil/core/utf8.hpp>

namespace veil::http {
namespace {

int hex_value(char c) {
    const char lower = core::to_lower(c);
    if (lower >= '0' && lower <= '9') return lower - '0';
    if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
    return -1;
}

}  // namespace

std::vector<std::string> split_path(std::string_view path) {
    std::vector<std::string> segments;
    if (path.starts_with('/')) path.remove_prefix(1);
    while (true) {
        const auto slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (out.contains('\0') || !core::is_utf8(out)) return std::nullopt;
    return out;
}

target parse_target(std::string_view text) noexcept {
    if (const auto scheme = text.find("://"); !text.starts_with('/') && scheme != std::string_view::npos) {
        const auto path = text.find_first_of("/?", scheme + 3);
        text = path == std::string_view::npos ? std::string_view("/") : text.substr(path);
    }
    const auto question = text.find('?');
    if (question == std::string_view::npos) return {text, {}};
    return {text.substr(0, question), text.substr(question + 1)};
}

}  // namespace veil::http
