#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <veil/async/pause.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/jid.hpp>
#include <veil/core/uuid.hpp>
#include <veil/ejabberd/rooms.hpp>

#include "answers.hpp"

namespace veil::ejabberd {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<affiliation, std::string_view>, 5> words{{{affiliation::none, "none"},
                                                                         {affiliation::outcast, "outcast"},
                                                                         {affiliation::member, "member"},
                                                                         {affiliation::admin, "admin"},
                                                                         {affiliation::owner, "owner"}}};

constexpr const char* members_only = "members_only";

// What makes a room a group that is safe. `moderated` above all: in 23.01 removed members come back where it is true.
constexpr std::array<std::pair<const char*, const char*>, 8> fixed_options{{{"persistent", "true"},
                                                                            {members_only, "true"},
                                                                            {"moderated", "false"},
                                                                            {"allow_subscription", "true"},
                                                                            {"mam", "true"},
                                                                            {"anonymous", "false"},
                                                                            {"public", "false"},
                                                                            {"password_protected", "false"}}};

constexpr int looks_at_an_ending = 20;
constexpr std::chrono::milliseconds ending_pause{25};
constexpr const char* most_occupants = "1000";
constexpr const char* messages_node = "urn:xmpp:mucsub:nodes:messages";

// A question behind a command. That it was not even asked says nothing of the command, which may have had its effect.
template <class T>
awaitable<T> behind(awaitable<T> question) {
    try {
        co_return co_await std::move(question);
    } catch (const core::unavailable& error) {
        throw core::unavailable(error.what());
    }
}

}  // namespace

std::string_view name_of(affiliation a) noexcept {
    for (const auto& [value, word] : words)
        if (value == a) return word;
    return "none";
}

affiliation affiliation_of(std::string_view word) noexcept {
    for (const auto& [value, known] : words)
        if (known == word) return value;
    return affiliation::none;
}

rooms::rooms(client& api, std::string service, std::string domain)
    : api_(api), service_(std::move(service)), domain_(std::move(domain)) {}

json rooms::naming(const std::string& room) const { return {{"name", room}, {"service", service_}}; }

// A command that must succeed. ejabberd also refuses what it has half done, when its database is away.
awaitable<void> rooms::insist(std::string command, json arguments) {
    const auto answer = co_await api_.command(command, std::move(arguments));
    if (answer.status == 200) co_return;
    co_await behind(api_.confirm_database());
    throw core::refused("ejabberd " + command + ": status " + std::to_string(answer.status));
}

awaitable<void> rooms::create(std::string room, std::string title) {
    json options{{"title", std::move(title)}, {"allow_user_invites", "false"}, {"max_users", most_occupants}};
    for (const auto& [option, value] : fixed_options) options[option] = value;
    auto arguments = naming(room);
    arguments["host"] = domain_;
    arguments["options"] = std::move(options);
    const auto answer = co_await api_.command("create_room_with_opts", std::move(arguments));
    if (answer.status == 200 || (answer.status == 400 && answer.body == "Room already exists")) co_return;
    co_await api_.confirm_database();
    throw core::refused("ejabberd create_room_with_opts: status " + std::to_string(answer.status));
}

awaitable<void> rooms::destroy(std::string room) {
    const auto answer = co_await api_.command("destroy_room", naming(room));
    if (answer.status != 200 && answer.status != 400)
        throw core::refused("ejabberd destroy_room: status " + std::to_string(answer.status));
    // Without its database it says yes, and the room comes back later.
    if (!co_await behind(is_gone(room))) throw core::unavailable("ejabberd destroy_room: the room is still there");
}

// For a moment a room that ends answers with an error.
awaitable<bool> rooms::is_gone(std::string room) {
    for (int i = 0; i < looks_at_an_ending; ++i) {
        try {
            co_return !co_await affiliations(room);
        } catch (const core::refused&) {
        }
        co_await async::pause(ending_pause);
    }
    co_return false;
}

awaitable<std::optional<std::map<std::string, affiliation>>> rooms::affiliations(std::string room) {
    const auto answer = co_await api_.command("get_room_affiliations", naming(room));
    if (is_no_room(answer)) {
        co_await api_.confirm_database();
        co_return std::nullopt;
    }
    co_return affiliations_in(answer);
}

awaitable<void> rooms::set_affiliation(std::string room, std::string jid, affiliation wanted) {
    auto arguments = naming(room);
    arguments["jid"] = std::move(jid);
    arguments["affiliation"] = name_of(wanted);
    return insist("set_room_affiliation", std::move(arguments));
}

// The nickname is the user's name; where somebody else in the room calls himself so, it gets a tail.
awaitable<void> rooms::subscribe(std::string room, std::string jid) {
    const std::string nick(core::local_part(jid));
    if (co_await try_subscribe(room, jid, nick)) co_return;
    if (co_await try_subscribe(room, jid, nick + "-" + core::uuid4().substr(0, 8))) co_return;
    co_await api_.confirm_database();
    throw core::refused("ejabberd subscribe_room refuses");
}

awaitable<bool> rooms::try_subscribe(const std::string& room, const std::string& jid, std::string nick) {
    const auto answer = co_await api_.command(
        "subscribe_room",
        {{"user", jid + "/veil"}, {"nick", std::move(nick)}, {"room", jid_of(room)}, {"nodes", messages_node}});
    if (answer.status != 200 && answer.status != 400)
        throw core::refused("ejabberd subscribe_room: status " + std::to_string(answer.status));
    co_return answer.status == 200;
}

awaitable<void> rooms::unsubscribe(std::string room, std::string jid) {
    return insist("unsubscribe_room", {{"user", std::move(jid)}, {"room", jid_of(room)}});
}

awaitable<std::set<std::string>> rooms::subscribers(std::string room) {
    co_return subscribers_in(co_await api_.command("get_subscribers", naming(room)));
}

awaitable<void> rooms::expel_strangers(std::string room) {
    co_await set_option(room, members_only, "false");
    co_await set_option(room, members_only, "true");
}

awaitable<void> rooms::invite(std::string room, std::vector<std::string> jids) {
    std::string users;
    for (const auto& jid : jids) users += (users.empty() ? "" : ":") + jid;
    auto arguments = naming(room);
    arguments["password"] = "none";
    arguments["reason"] = "";
    arguments["users"] = std::move(users);
    return insist("send_direct_invitation", std::move(arguments));
}

awaitable<std::optional<room_options>> rooms::options(std::string room) {
    auto now = options_in(co_await api_.command("get_room_options", naming(room)));
    if (now.empty()) co_return std::nullopt;
    room_options found{.title = now["title"], .unsafe = {}};
    for (const auto& [option, value] : fixed_options)
        if (now[option] != value) found.unsafe.emplace(option, value);
    co_return found;
}

awaitable<void> rooms::set_title(std::string room, std::string title) {
    return set_option(std::move(room), "title", std::move(title));
}

awaitable<void> rooms::set_option(std::string room, std::string option, std::string value) {
    auto arguments = naming(room);
    arguments["option"] = std::move(option);
    arguments["value"] = std::move(value);
    return insist("change_room_option", std::move(arguments));
}

}  // namespace veil::ejabberd
