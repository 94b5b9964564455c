"""The server dies in the middle of what it does to a group: the next one settles it, and nothing is half done.

All of them die at once, each at its own point, before one new server starts: what is left behind waits together."""

import collections
import signal

import pytest

from support import api_process, ejabberd_admin, groups, wait
from support.concurrency import together

SETTLE_SECONDS = 30
BROKEN_CREATIONS = ("group.created", "group.room", "group.filled")
DELETIONS = ("group.deleting", "group.destroyed")
CHANGES = ("member.noted", "member.set", "member.done")
OPERATIONS = ("add", "remove", "promote")

People = collections.namedtuple("People", "owner admin member other")
Case = collections.namedtuple("Case", "point operation people group")


def creation(api, people, _):
    return groups.create(api, people.owner, "Broken", [people.admin.jid, people.member.jid])


def deletion(api, people, group):
    return groups.delete(api, people.owner, group)


def add(api, people, group):
    return groups.add(api, people.owner, group, people.other.jid)


def remove(api, people, group):
    return groups.remove(api, people.owner, group, people.member.jid)


def promote(api, people, group):
    return groups.set_role(api, people.owner, group, people.member.jid, "admin")


REQUESTS = {"create": creation, "delete": deletion, "add": add, "remove": remove, "promote": promote}
PLAN = (
    [(point, "create") for point in (*BROKEN_CREATIONS, "group.active")]
    + [(point, "delete") for point in DELETIONS]
    + [(point, operation) for point in CHANGES for operation in OPERATIONS]
)


# All of them at once have to fit into PostgreSQL's hundred.
FEW_CONNECTIONS = {"DB_POOL_MIN": "1", "DB_POOL_MAX": "3"}


def prepared(api, point, operation):
    """People of their own, and a group unless it is to be made."""
    people = People(*groups.accounts(api, *People._fields))
    group = None
    if operation != "create":
        group = groups.with_roles(api, people.owner, [people.admin], [people.member])
    return Case(point, operation, people, group)


def die(doomed, case):
    with pytest.raises((AssertionError, ConnectionError)):  # no answer
        REQUESTS[case.operation](doomed, case.people, case.group)
    assert doomed.wait_end(10) == -signal.SIGKILL, doomed.log()
    doomed.assert_log_clean()


@pytest.fixture(scope="module")
def rooms_before():
    return ejabberd_admin.rooms()


@pytest.fixture(scope="module")
def cases(rooms_before):
    """Every case by point and operation, its server dead."""
    with api_process.ApiProcess() as healthy:
        made = [prepared(healthy, *planned) for planned in PLAN]
    doomed = together([lambda case=case: api_process.ApiProcess(VEIL_FAULT=case.point, **FEW_CONNECTIONS) for case in made])
    together([lambda pair=pair: die(*pair) for pair in zip(doomed, made, strict=True)])
    return {(case.point, case.operation): case for case in made}


@pytest.fixture(scope="module")
def api(cases):
    """The server that finds what is left, at a time when the dead ones have no claim to it any more."""
    groups.let_leases_end()
    with api_process.ApiProcess() as process:
        yield process
        process.stop()


@pytest.mark.parametrize("point", BROKEN_CREATIONS)
def test_a_broken_creation_leaves_nothing(api, cases, point):
    people = cases[point, "create"].people

    def nothing_left():
        assert [groups.listed(api, account) for account in people] == [set()] * 4, "no half group is ever shown"
        return not any(ejabberd_admin.subscriptions(account.username) for account in people)

    wait.until(nothing_left, SETTLE_SECONDS, "nothing is left of the group")
    again = groups.created(api, people.owner, "Again", [people.admin])
    groups.assert_is(api, people.owner, again, groups.roles([people.owner], member=[people.admin]))
    assert groups.listed(api, people.owner) == {again}


def test_no_room_is_left_over(api, cases, rooms_before):
    """Exactly the rooms of the groups that are shown to somebody."""

    def shown():
        return {group.jid for case in cases.values() for group in groups.listed(api, case.people.owner)}

    wait.until(lambda: ejabberd_admin.rooms() - rooms_before == shown(), SETTLE_SECONDS, "no room without a group")


def test_a_created_group_is_whole_although_nobody_was_told(api, cases):
    people = cases["group.active", "create"].people
    (group,) = groups.listed(api, people.owner)
    expected = groups.roles([people.owner], member=[people.admin, people.member])
    groups.wait_is(api, people.owner, group, expected, SETTLE_SECONDS)
    assert groups.listed(api, people.member) == {group}
    groups.assert_ok(groups.add(api, people.owner, group, people.other.jid))


@pytest.mark.parametrize("point", DELETIONS)
def test_a_broken_deletion_is_finished(api, cases, point):
    case = cases[point, "delete"]
    assert [groups.listed(api, account) for account in case.people] == [set()] * 4, "gone from the first moment on"
    wait.until(lambda: groups.is_gone(api, case.people, case.group), SETTLE_SECONDS, "the group is gone")
    groups.assert_nothing_known(api, case.people, case.group)


def outcome(case):
    """The roles when the operation is finished."""
    owner, admin, member, other = case.people
    return {
        "add": groups.roles([owner], [admin], [member, other]),
        "remove": groups.roles([owner], [admin]),
        "promote": groups.roles([owner], [admin, member]),
    }[case.operation]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("point", CHANGES)
def test_a_broken_change_is_finished(api, cases, point, operation):
    case = cases[point, operation]
    groups.wait_is(api, case.people.owner, case.group, outcome(case), SETTLE_SECONDS)
    # and the group can be changed as before
    groups.assert_ok(groups.add(api, case.people.owner, case.group, case.people.member.jid))
    groups.assert_ok(groups.remove(api, case.people.owner, case.group, case.people.admin.jid))
    expected = {jid: role for jid, role in outcome(case).items() if jid != case.people.admin.jid}
    groups.assert_is(api, case.people.owner, case.group, groups.roles(member=[case.people.member]) | expected)
