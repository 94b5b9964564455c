"""Who is in a group and in which role: whatever REST answers with ok is what the room enforces from then on."""

import pytest

from support import ejabberd_admin, groups, raw_http, rest
from support.group_fixtures import everybody, group, people


def assert_refused(answer, status, text):
    raw_http.assert_error(answer, status, text)


def assert_not_in(api, account, group):
    """This account is shown nothing of the group, and gets none of its messages."""
    groups.assert_gone(groups.ask_members(api, account, group))
    assert group not in groups.listed(api, account)
    assert group.jid not in ejabberd_admin.subscriptions(account.username)


@pytest.mark.parametrize("by", ["owner", "admin"])
def test_whoever_is_added_is_a_member_everywhere(api, people, group, everybody, by):
    groups.assert_ok(groups.add(api, getattr(people, by), group, people.stranger.jid))
    groups.assert_is(api, people.stranger, group, everybody | groups.roles(member=[people.stranger]))
    assert group in groups.listed(api, people.stranger)
    assert group.jid in ejabberd_admin.subscriptions(people.stranger.username)


def test_adding_in_another_spelling_adds_the_same_user(api, people, group, everybody):
    groups.assert_ok(groups.add(api, people.owner, group, people.stranger.jid.upper()))
    groups.assert_is(api, people.owner, group, everybody | groups.roles(member=[people.stranger]))


def test_adding_twice_is_ok_and_changes_nobodys_role(api, people, group):
    for account in (people.owner, people.admin, people.member):
        with groups.unchanged(api, people.owner, group):
            for _ in range(2):
                groups.assert_ok(groups.add(api, people.admin, group, account.jid))


@pytest.mark.parametrize("jid", [rest.jid("nobody_at_all"), "alice@example.org", f"x@{ejabberd_admin.SERVICE}"])
def test_who_does_not_exist_can_neither_be_added_nor_removed(api, people, group, jid):
    with groups.unchanged(api, people.owner, group):
        assert_refused(groups.add(api, people.owner, group, jid), 404, groups.NO_USER)
        assert_refused(groups.remove(api, people.owner, group, jid), 404, groups.NO_USER)


@pytest.mark.parametrize(("by", "whom"), [("owner", "member"), ("owner", "admin"), ("admin", "member")])
def test_whoever_is_removed_is_out_everywhere(api, people, group, everybody, by, whom):
    gone = getattr(people, whom)
    groups.assert_ok(groups.remove(api, getattr(people, by), group, gone.jid))
    expected = {jid: role for jid, role in everybody.items() if jid != gone.jid}
    groups.assert_is(api, people.owner, group, expected)
    assert_not_in(api, gone, group)


def test_removing_in_another_spelling_removes_the_same_user(api, people, group, everybody):
    groups.assert_ok(groups.remove(api, people.owner, group, people.member.jid.upper()))
    assert_not_in(api, people.member, group)


@pytest.mark.parametrize("by", ["owner", "admin"])
def test_removing_somebody_who_is_not_in_it_is_ok(api, people, group, by):
    with groups.unchanged(api, people.owner, group):
        groups.assert_ok(groups.remove(api, getattr(people, by), group, people.stranger.jid))
    groups.assert_ok(groups.remove(api, people.owner, group, people.member.jid))
    groups.assert_ok(groups.remove(api, people.owner, group, people.member.jid))


def test_who_was_removed_can_be_added_again(api, people, group, everybody):
    for _ in range(2):
        groups.assert_ok(groups.remove(api, people.owner, group, people.admin.jid))
        groups.assert_ok(groups.add(api, people.owner, group, people.admin.jid))
    # Coming back gives nobody his old role back.
    groups.assert_is(api, people.owner, group, everybody | groups.roles(member=[people.admin]))
    assert group in groups.listed(api, people.admin)


@pytest.mark.parametrize("who", ["admin", "member"])
def test_everybody_may_leave(api, people, group, everybody, who):
    leaver = getattr(people, who)
    groups.assert_ok(groups.remove(api, leaver, group, leaver.jid))
    expected = {jid: role for jid, role in everybody.items() if jid != leaver.jid}
    groups.assert_is(api, people.owner, group, expected)
    assert_not_in(api, leaver, group)


def test_the_last_owner_can_neither_leave_nor_step_down_while_others_are_in_it(api, people, group):
    owner = people.owner
    with groups.unchanged(api, owner, group):
        assert_refused(groups.remove(api, owner, group, owner.jid), 409, groups.LAST_OWNER)
        for role in ("admin", "member"):
            assert_refused(groups.set_role(api, owner, group, owner.jid, role), 409, groups.LAST_OWNER)
        groups.assert_ok(groups.set_role(api, owner, group, owner.jid, "owner"))


@pytest.mark.parametrize("by", ["id", "jid"])
def test_who_leaves_alone_takes_the_group_with_him(api, people, by):
    group = groups.created(api, people.owner, members=[people.member])
    groups.assert_ok(groups.remove(api, people.member, group, people.member.jid))
    named = group.group_id if by == "id" else group.jid
    groups.assert_ok(groups.remove(api, people.owner, named, people.owner.jid))
    groups.assert_nothing_known(api, people, group)


@pytest.mark.parametrize("whom", ["admin", "member"])
def test_a_group_is_handed_over_by_making_another_owner_and_leaving(api, people, group, everybody, whom):
    heir = getattr(people, whom)
    groups.assert_ok(groups.set_role(api, people.owner, group, heir.jid, "owner"))
    groups.assert_ok(groups.remove(api, people.owner, group, people.owner.jid))
    expected = {jid: role for jid, role in everybody.items() if jid != people.owner.jid} | groups.roles([heir])
    groups.assert_is(api, heir, group, expected)
    assert_not_in(api, people.owner, group)
    groups.assert_ok(groups.add(api, heir, group, people.stranger.jid))
    assert_refused(groups.remove(api, heir, group, heir.jid), 409, groups.LAST_OWNER)


@pytest.mark.parametrize("role", ["admin", "member"])
def test_an_owner_may_step_down_for_another(api, people, group, everybody, role):
    owner, heir = people.owner, people.admin
    groups.assert_ok(groups.set_role(api, owner, group, heir.jid, "owner"))
    groups.assert_ok(groups.set_role(api, owner, group, owner.jid, role))
    groups.assert_is(api, heir, group, everybody | groups.roles([heir]) | {owner.jid: role})
    assert_refused(groups.set_role(api, owner, group, owner.jid, "owner"), 403, groups.NOT_ALLOWED)


def test_one_of_two_owners_may_remove_the_other(api, people, group, everybody):
    groups.assert_ok(groups.set_role(api, people.owner, group, people.admin.jid, "owner"))
    groups.assert_ok(groups.remove(api, people.admin, group, people.owner.jid))
    groups.assert_is(api, people.admin, group, groups.roles([people.admin], member=[people.member]))


def test_an_owner_changes_roles(api, people, group, everybody):
    for role in ("admin", "admin", "owner", "member", "member", "owner", "admin", "member"):
        groups.assert_ok(groups.set_role(api, people.owner, group, people.member.jid, role))
        groups.assert_is(api, people.member, group, everybody | {people.member.jid: role})


def test_a_role_is_changed_in_any_spelling(api, people, group, everybody):
    groups.assert_ok(groups.set_role(api, people.owner, group, people.member.jid.upper(), "admin"))
    groups.assert_is(api, people.owner, group, everybody | groups.roles(admin=[people.member]))


def test_a_new_admin_may_manage_and_a_former_one_may_not(api, people, group):
    groups.assert_ok(groups.set_role(api, people.owner, group, people.member.jid, "admin"))
    groups.assert_ok(groups.add(api, people.member, group, people.stranger.jid))
    groups.assert_ok(groups.set_role(api, people.owner, group, people.member.jid, "member"))
    assert_refused(groups.remove(api, people.member, group, people.stranger.jid), 403, groups.NOT_ALLOWED)


@pytest.mark.parametrize("role", ["owner", "admin", "member"])
def test_only_who_is_in_it_can_be_given_a_role(api, people, group, role):
    with groups.unchanged(api, people.owner, group):
        for jid in (people.stranger.jid, rest.jid(rest.new_name("nobody")), "alice@example.org"):
            assert_refused(groups.set_role(api, people.owner, group, jid, role), 404, groups.NO_USER)
