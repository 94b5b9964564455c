// Any text as a JID, a user's name, a group's name: what is taken is what it says, and can be carried by XML and SQL.
#include <algorithm>
#include <string>
#include <veil/account/service.hpp>
#include <veil/core/ascii.hpp>
#include <veil/core/jid.hpp>
#include <veil/core/uuid.hpp>
#include <veil/groups/service.hpp>

#include "fuzz.hpp"

using namespace veil;
using fuzz::demand;

namespace {

constexpr std::string_view domain = "example.com";

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

void check_jid(std::string_view text) {
    const auto jid = core::bare_jid_of(text, domain);
    if (!jid) return;
    const auto local = core::local_part(*jid);
    demand(*jid == std::string(local) + "@" + std::string(domain));
    demand(!local.empty() && local.find_first_of(" \"&'/:<>@") == std::string_view::npos && !has_control(local));
    demand(core::bare_jid_of(*jid, domain) == jid && core::to_lower(text) == *jid);
    demand(groups::is_bare_jid(*jid));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::input(data, size).rest();
    check_jid(text);
    check_jid(std::string(text) + "@" + std::string(domain));
    if (groups::is_bare_jid(text)) {
        demand(std::ranges::count(text, '@') == 1 && !text.starts_with('@') && !text.ends_with('@'));
        demand(!has_control(text) && text.find_first_of(" /") == std::string_view::npos);
    }
    if (groups::is_name(text)) demand(!has_control(text));
    if (account::is_username(text))
        demand(core::bare_jid_of(std::string(text) + "@" + std::string(domain), domain).has_value() ||
               text.size() > 1023);
    if (core::is_uuid(text)) demand(text.size() == 36 && core::to_lower(text) == text);
    return 0;
}
