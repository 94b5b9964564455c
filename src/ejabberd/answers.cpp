#include "answers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <veil/core/errors.hpp>

namespace veil::ejabberd {
namespace {

using nlohmann::json;

core::refused other_shape(const char* command) {
    return core::refused(std::string("ejabberd ") + command + ": an answer of another shape");
}

void insist_on(bool shape, const reply& answer, const char* command) {
    if (answer.status != 200 || !shape)
        throw core::refused(std::string("ejabberd ") + command + ": status " + std::to_string(answer.status));
}

bool is_visible(const std::string& text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

reply read_reply(int status, std::string_view body) { return {status, json::parse(body, nullptr, false)}; }

bool has_counted(const reply& answer) {
    if (answer.status != 200 || !answer.body.is_object()) return false;
    const auto it = answer.body.find("stat");
    return it != answer.body.end() && it->is_number_integer() && *it >= 1;
}

core::secret token_in(const reply& answer) {
    if (answer.status == 200 && answer.body.is_object()) {
        const auto it = answer.body.find("token");
        if (it != answer.body.end() && it->is_string() && is_visible(it->get_ref<const std::string&>()))
            return core::secret(it->get<std::string>());
    }
    throw core::unavailable("ejabberd issues no token: status " + std::to_string(answer.status));
}

bool is_no_room(const reply& answer) { return answer.status == 400 && answer.body == "The room does not exist."; }

std::map<std::string, affiliation> affiliations_in(const reply& answer) {
    constexpr auto command = "get_room_affiliations";
    insist_on(answer.body.is_array(), answer, command);
    try {
        std::map<std::string, affiliation> found;
        for (const auto& entry : answer.body) {
            auto jid = entry.at("username").get<std::string>();
            if (!jid.empty()) jid += '@';  // else it is for a whole domain
            jid += entry.at("domain").get<std::string>();
            found[std::move(jid)] = affiliation_of(entry.at("affiliation").get<std::string>());
        }
        return found;
    } catch (const json::exception&) {
        throw other_shape(command);
    }
}

std::set<std::string> subscribers_in(const reply& answer) {
    constexpr auto command = "get_subscribers";
    insist_on(answer.body.is_array(), answer, command);
    std::set<std::string> found;
    for (const auto& jid : answer.body) {
        if (!jid.is_string()) throw other_shape(command);
        found.insert(jid.get<std::string>());
    }
    return found;
}

std::map<std::string, std::string> options_in(const reply& answer) {
    constexpr auto command = "get_room_options";
    insist_on(answer.body.is_object(), answer, command);
    std::map<std::string, std::string> found;
    for (const auto& [option, value] : answer.body.items()) {
        if (!value.is_string()) throw other_shape(command);
        found.emplace(option, value.get<std::string>());
    }
    return found;
}

}  // namespace veil::ejabberd
