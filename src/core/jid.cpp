#include <algorithm>
#include <veil/core/ascii.hpp>
#include <veil/core/jid.hpp>

namespace veil::core {

std::optional<std::string> bare_jid_of(std::string_view text, std::string_view domain) {
    constexpr std::size_t max_local_bytes = 1023;
    const auto at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at > max_local_bytes) return std::nullopt;
    if (!iequals(text.substr(at + 1), domain)) return std::nullopt;
    const auto forbidden = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || std::string_view("\"&'/:<>").contains(c);
    };
    if (std::ranges::any_of(text.substr(0, at), forbidden)) return std::nullopt;
    return to_lower(text);
}

std::string_view local_part(std::string_view bare_jid) noexcept { return bare_jid.substr(0, bare_jid.find('@')); }

}  // namespace veil::core
