// Any text as the body of any request: it becomes a DTO that keeps its rules and comes back from its own JSON, or an
// api_error 422. Any text in an answer is JSON that says the same. The first byte chooses the table.
#include <string>
#include <tuple>
#include <veil/account/service.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/utf8.hpp>
#include <veil/groups/service.hpp>
#include <veil/health/service.hpp>
#include <veil/push/service.hpp>
#include <veil/server_info/service.hpp>
#include <veil/turn/service.hpp>

#include "fuzz.hpp"

using namespace veil;
using fuzz::demand;

namespace {

const std::string& revealed(const std::string& value) { return value; }
const std::string& revealed(const core::secret& value) { return value.reveal(); }

bool keeps(const core::rules& rule, const std::vector<std::string>& list) {
    for (const auto& value : list)
        if (!core::fits(value, rule)) return false;
    return list.size() <= rule.max_items;
}
bool keeps(const core::rules& rule, const auto& value) { return core::fits(revealed(value), rule); }

template <class T>
void parse(std::string_view body) {
    try {
        const auto got = core::parse<T>(body);
        std::apply([&](const auto&... f) { demand((keeps(f.rule, got.*f.member) && ...)); }, T::fields());
        const auto text = core::render(got);
        demand(core::render(core::parse<T>(text)) == text);
    } catch (const core::api_error& error) {
        demand(error.status() == 422 && nlohmann::json::accept(error.body()));
    }
}

void fill(std::string& member, std::string_view text) { member = text; }
void fill(core::secret& member, std::string_view text) { member = core::secret(std::string(text)); }
void fill(std::int64_t& member, std::string_view text) { member = static_cast<std::int64_t>(text.size()); }
void fill(std::optional<std::string>& member, std::string_view text) {
    if (!text.empty()) member = text;
}
template <class T>
void fill(std::vector<T>& member, std::string_view text);
template <core::dto T>
void fill(T& member, std::string_view text) {
    std::apply([&](const auto&... f) { (fill(member.*f.member, text), ...); }, T::fields());
}
template <class T>
void fill(std::vector<T>& member, std::string_view text) {
    fill(member.emplace_back(), text);
}

// How often the text stands in the JSON, as a value.
std::size_t occurrences(const nlohmann::json& in, std::string_view text) {
    if (in.is_string()) return in.get_ref<const std::string&>() == text ? 1 : 0;
    std::size_t found = 0;
    if (in.is_structured())
        for (const auto& part : in) found += occurrences(part, text);
    return found;
}

template <class T>
void render(std::string_view text) {
    if (!core::is_utf8(text)) return;  // nothing else reaches an answer
    T out{};
    fill(out, text);
    const auto json = nlohmann::json::parse(core::render(out));
    demand(json.is_object() && json.size() == std::tuple_size_v<decltype(T::fields())>);
    demand(occurrences(json, text) > 0 || text.empty());
}

constexpr void (*tables[])(std::string_view) = {
    parse<account::credentials>, parse<account::deletion>, parse<account::password_change>, parse<push::registration>,
    parse<push::deregistration>, parse<push::call>, parse<push::cancellation>, parse<push::test_target>,
    parse<groups::new_group>, parse<groups::new_member>, parse<groups::role>, parse<groups::new_name>,
    // answers
    render<account::registered>, render<account::signed_in>, render<push::device_list>, render<push::test_result>,
    render<groups::group_list>, render<groups::member_list>, render<turn::turn_credentials>, render<server_info::info>,
    render<health::readiness>};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input input(data, size);
    const auto table = tables[input.choice(std::size(tables))];
    table(input.rest());
    return 0;
}
