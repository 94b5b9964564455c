// What ejabberd's answers say, whoever sent them: each is read here or refused, whatever it holds. Any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <veil/ejabberd/client.hpp>
#include <veil/ejabberd/rooms.hpp>

namespace veil::ejabberd {

reply read_reply(int status, std::string_view body);

// To `stats`: whether it has counted anybody, for which it needs its database.
bool has_counted(const reply& answer);

// To `oauth_issue_token`; throws core::unavailable when there is no token in it that a header can carry.
core::secret token_in(const reply& answer);

// About a room; they throw core::refused for an answer of another shape.
bool is_no_room(const reply& answer);
std::map<std::string, affiliation> affiliations_in(const reply& answer);
std::set<std::string> subscribers_in(const reply& answer);

// Every option of a room as its text; empty when there is no such room.
std::map<std::string, std::string> options_in(const reply& answer);

}  // namespace veil::ejabberd
