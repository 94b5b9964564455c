// Who the fake's only customer is.
#pragma once

namespace veil::fake_push {

inline constexpr auto apns_key_id = "FAKEKEY001";
inline constexpr auto apns_next_key_id = "FAKEKEY002";  // of apns_key_next.p8, which a rotation goes over to
inline constexpr auto apns_team_id = "FAKETEAM01";
inline constexpr auto project_id = "veil-fake";

}  // namespace veil::fake_push
