// Who may do what in a group, and what may be a group's name or a JID.
#include <gtest/gtest.h>

#include <groups/rules.hpp>
#include <veil/groups/service.hpp>

namespace veil::groups {
namespace {

using enum affiliation;
using enum verdict;

situation between(affiliation actor, affiliation target) {
    return {.actor = actor, .target = target, .himself = false, .other_owners = true, .others = true};
}

situation alone(affiliation role, bool other_owners, bool others) {
    return {.actor = role, .target = role, .himself = true, .other_owners = other_owners, .others = others};
}

// The status of the refusal, or 0.
int refusal(wish what, affiliation role, const situation& now) {
    try {
        judge(what, role, now);
        return 0;
    } catch (const core::api_error& error) {
        return error.status();
    }
}

TEST(group_rules, owners_and_admins_add_and_nobody_loses_a_role_by_being_added) {
    EXPECT_EQ(judge(wish::add, member, between(owner, none)), go_ahead);
    EXPECT_EQ(judge(wish::add, member, between(admin, none)), go_ahead);
    EXPECT_EQ(judge(wish::add, member, between(admin, owner)), nothing_to_do);
    EXPECT_EQ(refusal(wish::add, member, between(member, none)), 403);
}

TEST(group_rules, admins_have_no_power_over_owners_and_admins) {
    EXPECT_EQ(judge(wish::remove, none, between(owner, owner)), go_ahead);
    EXPECT_EQ(judge(wish::remove, none, between(owner, admin)), go_ahead);
    EXPECT_EQ(judge(wish::remove, none, between(admin, member)), go_ahead);
    EXPECT_EQ(judge(wish::remove, none, between(admin, none)), nothing_to_do);
    EXPECT_EQ(refusal(wish::remove, none, between(admin, admin)), 403);
    EXPECT_EQ(refusal(wish::remove, none, between(admin, owner)), 403);
    EXPECT_EQ(refusal(wish::remove, none, between(member, member)), 403);
    EXPECT_EQ(refusal(wish::remove, none, between(member, none)), 403);
}

TEST(group_rules, everybody_may_leave_but_the_last_owner_of_others) {
    EXPECT_EQ(judge(wish::remove, none, alone(member, true, true)), go_ahead);
    EXPECT_EQ(judge(wish::remove, none, alone(admin, true, true)), go_ahead);
    EXPECT_EQ(judge(wish::remove, none, alone(owner, true, true)), go_ahead);
    EXPECT_EQ(refusal(wish::remove, none, alone(owner, false, true)), 409);
    EXPECT_EQ(judge(wish::remove, none, alone(owner, false, false)), end_of_group);
}

TEST(group_rules, owners_change_roles_and_one_of_them_stays) {
    EXPECT_EQ(judge(wish::change_role, owner, between(owner, member)), go_ahead);
    EXPECT_EQ(judge(wish::change_role, admin, between(owner, admin)), nothing_to_do);
    EXPECT_EQ(judge(wish::change_role, member, alone(owner, true, true)), go_ahead);
    EXPECT_EQ(refusal(wish::change_role, member, alone(owner, false, true)), 409);
    EXPECT_EQ(refusal(wish::change_role, member, alone(owner, false, false)), 409);
    EXPECT_EQ(refusal(wish::change_role, admin, between(owner, none)), 404);
    EXPECT_EQ(refusal(wish::change_role, member, between(admin, member)), 403);
    EXPECT_EQ(refusal(wish::change_role, owner, alone(member, true, true)), 403);
}

TEST(group_rules, a_name_is_what_xml_can_carry) {
    EXPECT_TRUE(is_name("Weekend hike"));
    EXPECT_TRUE(is_name("\xF0\x9F\xA5\xBE caf\xC3\xA9 <&\"'>"));
    for (const auto* broken : {"a\nb", "a\tb", "\x01", "\x7f", "\xEF\xBF\xBE", "x\xEF\xBF\xBF"})
        EXPECT_FALSE(is_name(broken)) << broken;
}

TEST(group_rules, a_jid_is_bare) {
    EXPECT_TRUE(is_bare_jid("bob@example.com"));
    EXPECT_TRUE(is_bare_jid("Bob.O_1@example.com"));
    for (const auto* broken : {"", "bob", "@example.com", "bob@", "bob@example.com/phone", "b b@example.com",
                               "bob@@example.com", "bob@example.com\n", "b:b@example.com", "<bob@example.com>"})
        EXPECT_FALSE(is_bare_jid(broken)) << broken;
}

}  // namespace
}  // namespace veil::groups
