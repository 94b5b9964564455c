"""Deleting an account takes it out of all groups and leaves none without an owner; who gets its name next is in none."""

import pytest

from support import api_process, ejabberd_admin, ejabberd_proxy, groups, rest, secrets, wait, xmpp_client
from support.concurrency import together
from support.muc import Refused, Room

SEEN_SECONDS = 5
SETTLE_SECONDS = 30
HANDED_OVER_SECONDS = 30
ROUNDS = 5


@pytest.fixture
def leaver(api):
    return rest.Account(api, "leaver")


@pytest.fixture(scope="module")
def friends(api):
    """Three accounts; in the order of the alphabet they are the other way round."""
    return groups.accounts(api, "c_first", "b_second", "a_third")


def delete(api, account):
    answer = rest.delete(api, account.token, account.username, account.password)
    assert (answer.status, answer.json()) == (200, {"status": "deleted"})


def grown(api, owner, *others):
    """A group that these joined one after the other."""
    group = groups.created(api, owner)
    for account in others:
        groups.assert_ok(groups.add(api, owner, group, account.jid))
    return group


def promote(api, owner, group, *accounts, role="admin"):
    for account in accounts:
        groups.assert_ok(groups.set_role(api, owner, group, account.jid, role))


def assert_handed_over(api, heir, group, expected):
    """REST shows the new owner at once, the room a moment later."""
    assert groups.members(api, heir, group) == expected
    groups.wait_is(api, heir, group, expected, HANDED_OVER_SECONDS)


def wait_no_room(group):
    wait.until(lambda: not groups.has_room(group), HANDED_OVER_SECONDS, "the room of nobody is gone")


def test_a_deleted_account_is_in_no_group(api, leaver, friends):
    owner, other, _ = friends
    as_member = groups.created(api, owner, members=[other, leaver])
    as_admin = groups.with_roles(api, owner, [leaver])
    as_one_of_two_owners = groups.created(api, owner, members=[leaver])
    promote(api, owner, as_one_of_two_owners, leaver, role="owner")
    delete(api, leaver)
    groups.assert_is(api, owner, as_member, groups.roles([owner], member=[other]))
    groups.assert_is(api, owner, as_admin, groups.roles([owner]))
    groups.assert_is(api, owner, as_one_of_two_owners, groups.roles([owner]))
    assert ejabberd_admin.subscriptions(leaver.username) == set()


def test_the_longest_standing_admin_becomes_owner(api, leaver, friends):
    first, second, third = friends
    group = grown(api, leaver, first, second, third)
    promote(api, leaver, group, second, third)
    delete(api, leaver)
    assert_handed_over(api, second, group, groups.roles([second], [third], [first]))
    assert groups.rename(api, second, group, "Mine now").status == 200
    promote(api, second, group, first, role="owner")


def test_without_admins_the_longest_standing_member_becomes_owner(api, leaver, friends):
    first, second, third = friends
    group = grown(api, leaver, first, second, third)
    delete(api, leaver)
    assert_handed_over(api, third, group, groups.roles([first], member=[second, third]))


def test_who_came_back_has_not_stood_longest(api, leaver, friends):
    first, second, _ = friends
    group = grown(api, leaver, first, second)
    groups.assert_ok(groups.remove(api, first, group, first.jid))
    groups.assert_ok(groups.add(api, leaver, group, first.jid))
    delete(api, leaver)
    assert_handed_over(api, second, group, groups.roles([second], member=[first]))


def test_a_group_with_another_owner_makes_no_new_one(api, leaver, friends):
    first, second, third = friends
    group = grown(api, leaver, first, second, third)
    promote(api, leaver, group, second)
    promote(api, leaver, group, third, role="owner")
    delete(api, leaver)
    groups.assert_is(api, first, group, groups.roles([third], [second], [first]))


def test_a_group_of_one_goes_with_its_account(api, leaver, friends):
    alone, emptied = groups.created(api, leaver), groups.created(api, leaver, members=friends)
    for account in friends:
        groups.assert_ok(groups.remove(api, account, emptied, account.jid))
    delete(api, leaver)
    for group in (alone, emptied):
        wait_no_room(group)
        groups.assert_nothing_known(api, friends, group)


def test_two_last_owners_deleted_at_once_leave_an_owner(api, friends):
    first, second, _ = friends
    for _ in range(2):
        pair = groups.accounts(api, "one", "two")
        group = grown(api, pair[0], pair[1], first, second)
        promote(api, pair[0], group, pair[1], role="owner")
        together([lambda account=account: delete(api, account) for account in pair])
        assert_handed_over(api, first, group, groups.roles([first], member=[second]))


def test_everybody_deleted_at_once_leaves_no_group(api):
    everybody = groups.accounts(api, *["all"] * 5)
    group = grown(api, *everybody)
    together([lambda account=account: delete(api, account) for account in everybody])
    wait_no_room(group)


def test_whoever_is_added_while_he_is_deleted_is_in_no_group(api, friends):
    owner = friends[0]
    for _ in range(ROUNDS):
        leaver = rest.Account(api, "leaver")
        group = groups.created(api, owner)
        _, added = together([lambda: delete(api, leaver), lambda: groups.add(api, owner, group, leaver.jid)])
        assert added.status in (200, 404), added
        groups.wait_is(api, owner, group, groups.roles([owner]))
        assert ejabberd_admin.subscriptions(leaver.username) == set()


@pytest.fixture
def successor(api, leaver, friends):
    """Owner of one group, member of another, heard in both; then another person takes the name."""
    owner = friends[0]
    owned, joined = groups.created(api, leaver, members=[owner]), groups.created(api, owner, members=[leaver])
    with xmpp_client.Session(owner.username, owner.password) as theirs:
        rooms = [Room(theirs, group.jid).join() for group in (owned, joined)]
        for room in rooms:
            room.say("before")  # waits for somebody who never comes online
            room.wait_heard("before")
        delete(api, leaver)
        new = rest.Account.__new__(rest.Account)
        new.username, new.jid, new.password = leaver.username, leaver.jid, secrets.password()
        new.token = rest.register(api, new.username, new.password).json()["token"]
        yield new, rooms, (owned, joined)


def test_the_successor_of_the_name_is_in_no_group(api, successor, friends):
    account, rooms, formerly = successor
    assert groups.listed(api, account) == set()
    with xmpp_client.Session(account.username, account.password) as session:
        for group, room in zip(formerly, rooms, strict=True):
            groups.assert_gone(groups.ask_members(api, account, group))
            mine = Room(session, group.jid)
            for attempt in (mine.join, mine.subscribe, mine.archive):
                with pytest.raises(Refused):
                    attempt()
            room.say("after")
            room.wait_heard("after")
        rooms[0].session.send(account.jid, "welcome")
        wait.until(lambda: "welcome" in session.bodies(), SEEN_SECONDS, "a friend's message")
        assert [Room(session, group.jid).heard() for group in formerly] == [[], []]
        assert session.archive() == ["welcome"]
    for group in formerly:
        assert_handed_over(api, friends[0], group, groups.roles([friends[0]]))
    groups.assert_ok(groups.add(api, friends[0], formerly[0], account.jid))
    assert groups.listed(api, account) == {formerly[0]}


def broken_deletion(owner, command):
    """An account that was being deleted when ejabberd died, and the groups it was in: as a member, as owner, alone."""
    with ejabberd_proxy.EjabberdProxy() as proxy, api_process.ApiProcess(**proxy.env()) as api:
        leaver = rest.Account(api, "leaver")
        shared = [groups.created(api, owner, members=[leaver]), groups.created(api, leaver, members=[owner])]
        alone = groups.created(api, leaver)
        whose = {
            "set_room_affiliation": {"jid": leaver.jid},
            "unsubscribe_room": {"user": leaver.jid},
            "unregister": {"user": leaver.username},
        }
        with proxy.dying_at(command, **whose[command]):
            answer = rest.delete(api, leaver.token, leaver.username, leaver.password)
            assert answer.status == 502, answer
    return leaver, shared, alone


def test_deletions_in_which_ejabberd_dies_are_finished_when_it_is_back(api, friends):
    owner, commands = friends[0], ("set_room_affiliation", "unsubscribe_room", "unregister")
    broken = together([lambda command=command: broken_deletion(owner, command) for command in commands])
    groups.let_leases_end()
    for leaver, shared, alone in broken:
        for group in shared:
            groups.wait_is(api, owner, group, groups.roles([owner]), SETTLE_SECONDS)
        wait.until(lambda: not groups.has_room(alone), SETTLE_SECONDS, "the group of one is gone")
        account = (leaver.username, leaver.password)
        wait.until(lambda: not xmpp_client.can_log_in(*account), SETTLE_SECONDS, "the account is gone")
        assert ejabberd_admin.subscriptions(leaver.username) == set()
