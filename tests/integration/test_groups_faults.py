"""ejabberd refuses, dies or loses its answer in the middle: the client is told at once, nobody is shown a half group,
and what was asked again works. A proxy in front of the real ejabberd makes the faults."""

import concurrent.futures
import contextlib
import time

import pytest

from support import api_process, database, ejabberd_admin, groups, raw_http, rest, wait
from support.ejabberd_proxy import refused, refused_but_done, unanswered, unheard
from support.group_fixtures import everybody, group, people
from support.proxy_fixtures import api, proxy

ANSWER_SECONDS = 8
SETTLE_SECONDS = 30
NOT_CREATED = "Failed to create group room."
NOT_ADDED = "Failed to add member."
NOT_REMOVED = "Failed to remove member."

# Where a creation with four people can break: the command and its count.
STEPS = [
    ("create_room_with_opts", 1),
    ("set_room_affiliation", 1),
    ("set_room_affiliation", 3),
    ("subscribe_room", 1),
    ("subscribe_room", 4),
]


@pytest.fixture
def lists(api, people):
    """What everybody is shown before the test."""
    return [groups.listed(api, account) for account in people]


def create(api, people):
    owner, *others = people
    return groups.create(api, owner, "Broken", [account.jid for account in others])


def last_room(proxy):
    """The room that the last creation asked for."""
    asked = proxy.seen("create_room_with_opts")[-1]
    return groups.Group(asked["name"], f"{asked['name']}@{asked['service']}", "Broken")


def assert_refused(answer, text, begun):
    raw_http.assert_error(answer, 502, text)
    assert time.monotonic() - begun < ANSWER_SECONDS


def assert_whole(api, people, group):
    groups.wait_is(api, people.owner, group, groups.roles([people.owner], member=people[1:]), SETTLE_SECONDS)


def broken_creations(api, proxy, people, lists, breaking, text):
    """One creation a step, each broken there; their rooms. Nobody is ever shown anything of them."""
    rooms = []
    for step in STEPS:
        begun = time.monotonic()
        with breaking(*step):
            assert_refused(create(api, people), text, begun)
            assert [groups.listed(api, account) for account in people] == lists, step
        rooms.append(last_room(proxy))
    assert [groups.listed(api, account) for account in people] == lists
    return rooms


def assert_nothing_left(api, people, lists, rooms):
    """The rooms go without anybody's doing."""
    groups.let_leases_end()
    wait.until(lambda: not {room.jid for room in rooms} & ejabberd_admin.rooms(), SETTLE_SECONDS, "the rooms are gone")
    for room in rooms:
        groups.assert_nothing_known(api, people, room)
    assert [groups.listed(api, account) for account in people] == lists


@pytest.mark.parametrize("fault", [refused, refused_but_done])
def test_creations_that_ejabberd_refuses_leave_nothing(api, proxy, people, lists, fault):
    def breaking(command, nth):
        return proxy.failing(command, fault, nth, times=None)

    rooms = broken_creations(api, proxy, people, lists, breaking, NOT_CREATED)
    assert_nothing_left(api, people, lists, rooms)


def test_creations_in_which_ejabberd_dies_leave_nothing(api, proxy, people, lists):
    rooms = broken_creations(api, proxy, people, lists, proxy.dying_at, groups.UNAVAILABLE)
    assert_nothing_left(api, people, lists, rooms)


@pytest.mark.parametrize("fault", [unheard, unanswered])
def test_creations_with_one_lost_answer_are_whole_or_nothing(api, proxy, people, lists, fault):
    made, rooms = set(), []
    for step in STEPS:
        with proxy.failing(step[0], fault, step[1]):
            answer = create(api, people)
        if answer.status == 201:
            made.add(groups.assert_created(answer, "Broken"))
        else:
            raw_http.assert_error(answer, 502, groups.UNAVAILABLE)
            rooms.append(last_room(proxy))
    for group in made:
        assert_whole(api, people, group)
    assert_nothing_left(api, people, [before | made for before in lists], rooms)


def test_a_creation_repeated_after_its_failure_makes_one_group(api, proxy, people, lists):
    with proxy.dying_at("subscribe_room", 2):
        raw_http.assert_error(create(api, people), 502, groups.UNAVAILABLE)
    broken = last_room(proxy)
    group = groups.assert_created(create(api, people), "Broken")
    assert_whole(api, people, group)
    assert [groups.listed(api, account) for account in people] == [before | {group} for before in lists]
    wait.until(lambda: not groups.has_room(broken), SETTLE_SECONDS, "the first room is gone")
    assert_whole(api, people, group)


def test_an_invitation_that_fails_fails_nothing_else(api, proxy, people):
    with proxy.failing("send_direct_invitation", refused, times=None):
        group = groups.created(api, people.owner, members=[people.member])
        groups.assert_ok(groups.add(api, people.owner, group, people.admin.jid))
    groups.assert_is(api, people.owner, group, groups.roles([people.owner], member=[people.member, people.admin]))


def add(api, people, group):
    return groups.add(api, people.admin, group, people.stranger.jid)


def remove(api, people, group):
    return groups.remove(api, people.admin, group, people.member.jid)


def leave(api, people, group):
    return groups.remove(api, people.member, group, people.member.jid)


def promote(api, people, group):
    return groups.set_role(api, people.owner, group, people.member.jid, "admin")


# The request, the command that fails, and what is told when ejabberd refuses; None: the contract does not say.
CHANGES = {
    "adding": (add, "set_room_affiliation", NOT_ADDED),
    "adding, subscription": (add, "subscribe_room", NOT_ADDED),
    "removing": (remove, "set_room_affiliation", NOT_REMOVED),
    "removing, subscription": (remove, "unsubscribe_room", NOT_REMOVED),
    "leaving": (leave, "set_room_affiliation", NOT_REMOVED),
    "changing a role": (promote, "set_room_affiliation", None),
}


def after(change, people, everybody):
    """The roles when the change is made."""
    if change is add:
        return everybody | groups.roles(member=[people.stranger])
    if change is promote:
        return everybody | groups.roles(admin=[people.member])
    return {jid: role for jid, role in everybody.items() if jid != people.member.jid}


def broken_changes(api, people, breaking, allowed):
    """One group a kind of change, whose change breaks; the answer is one of the `allowed`, given kind and answer."""
    broken = []
    for kind, (change, command, _) in CHANGES.items():
        group = groups.with_roles(api, people.owner, [people.admin], [people.member])
        begun = time.monotonic()
        with breaking(command):
            answer = change(api, people, group)
        assert time.monotonic() - begun < ANSWER_SECONDS, kind
        assert allowed(kind, answer), (kind, answer)
        broken.append((change, group))
    return broken


def assert_settle_and_can_be_repeated(api, people, everybody, broken):
    """Each change is made or not, everywhere alike; asked for again it is made."""
    groups.let_leases_end()
    for change, group in broken:
        expected = after(change, people, everybody)
        groups.wait_is(api, people.owner, group, (everybody, expected), SETTLE_SECONDS)
        answer = change(api, people, group)
        if change is leave and answer.status == 404:  # he had left already
            answer = groups.remove(api, people.owner, group, people.member.jid)
        groups.assert_ok(answer)
        groups.assert_is(api, people.owner, group, expected)


def told(kind, answer):
    text = CHANGES[kind][2] or answer.json()["detail"]
    return (answer.status, answer.json()) == (502, {"detail": text})


def test_changes_that_ejabberd_refuses_are_told_and_can_be_repeated(api, proxy, people, everybody):
    broken = broken_changes(api, people, lambda command: proxy.failing(command, refused, times=None), told)
    assert_settle_and_can_be_repeated(api, people, everybody, broken)


def test_changes_that_ejabberd_makes_although_it_says_no_are_found_later(api, proxy, people, everybody):
    broken = broken_changes(api, people, lambda command: proxy.failing(command, refused_but_done, times=None), told)
    with api_process.ApiProcess(GROUP_SWEEP_SECONDS="1") as comparing:
        assert_settle_and_can_be_repeated(comparing, people, everybody, broken)


def unavailable(_, answer):
    return (answer.status, answer.json()) == (502, {"detail": groups.UNAVAILABLE})


def test_changes_in_which_ejabberd_dies_are_told_and_can_be_repeated(api, proxy, people, everybody):
    broken = broken_changes(api, people, proxy.dying_at, unavailable)
    assert_settle_and_can_be_repeated(api, people, everybody, broken)


@pytest.mark.parametrize("fault", [unheard, unanswered])
def test_changes_with_one_lost_answer_are_made_once(api, proxy, people, everybody, fault):
    def made_or_unavailable(kind, answer):
        return answer.status == 200 or unavailable(kind, answer)

    broken = broken_changes(api, people, lambda command: proxy.failing(command, fault), made_or_unavailable)
    assert_settle_and_can_be_repeated(api, people, everybody, broken)


@pytest.mark.parametrize("fault", [refused, unheard])
def test_a_name_that_ejabberd_does_not_take_can_be_given_again(api, proxy, people, group, fault):
    with proxy.failing("change_room_option", fault, times=None):
        begun = time.monotonic()
        text = groups.UNAVAILABLE if fault is unheard else None
        assert_refused(groups.rename(api, people.owner, group, "New"), text, begun)
    groups.let_leases_end()

    def same_name():
        (shown,) = [entry.name for entry in groups.listed(api, people.owner) if entry.group_id == group.group_id]
        return ejabberd_admin.options(group.jid)["title"] == shown

    wait.until(same_name, SETTLE_SECONDS, "one name")
    assert groups.rename(api, people.owner, group, "New").status == 200
    assert ejabberd_admin.options(group.jid)["title"] == "New"
    assert group._replace(name="New") in groups.listed(api, people.member)


@pytest.mark.parametrize("fault", [refused, unheard, unanswered])
def test_a_deletion_that_fails_is_finished_or_repeated(api, proxy, people, group, fault):
    with proxy.failing("destroy_room", fault, times=None):
        begun = time.monotonic()
        text = None if fault is refused else groups.UNAVAILABLE
        assert_refused(groups.delete(api, people.owner, group), text, begun)
    groups.let_leases_end()
    again = groups.delete(api, people.owner, group)
    assert again.status in (200, 404), again
    wait.until(lambda: groups.is_gone(api, people, group), SETTLE_SECONDS, "the group is gone")
    groups.assert_nothing_known(api, people, group)


def test_without_ejabberd_every_change_is_told_to_be_unavailable(api, proxy, people, group):
    owner = people.owner
    other = groups.with_roles(api, owner, [people.admin], [people.member])
    with proxy.down():
        for answer in (
            groups.create(api, owner),
            groups.add(api, owner, group, people.stranger.jid),
            groups.remove(api, owner, group, people.member.jid),
            groups.set_role(api, owner, group, people.admin.jid, "owner"),
            groups.rename(api, owner, group, "New"),
            groups.delete(api, owner, other),
        ):
            raw_http.assert_error(answer, 502, groups.UNAVAILABLE)
    groups.let_leases_end()


def test_without_ejabberd_groups_are_still_shown(api, proxy, people, group, everybody):
    with proxy.down():
        assert group in groups.listed(api, people.member)
        assert groups.members(api, people.member, group) == everybody
        # and who may not is told so, as ever
        raw_http.assert_error(groups.delete(api, people.member, group), 403, groups.NOT_ALLOWED)
        groups.assert_gone(groups.ask_members(api, people.stranger, group))
    assert rest.turn(api, people.member.token).status == 200


def test_a_group_may_be_deleted_while_a_removal_in_it_ends(api, proxy, people, group):
    operation = f"SELECT FROM group_operations WHERE group_id = {database.quoted(group.group_id)} FOR UPDATE"
    with concurrent.futures.ThreadPoolExecutor(2) as pool, contextlib.ExitStack() as ending:

        def held_up(forward):
            ending.enter_context(database.held(operation))
            return forward()

        with proxy.failing("unsubscribe_room", held_up, room=group.jid):
            removal = pool.submit(groups.remove, api, people.owner, group, people.member.jid)
            database.wait_waiting(1)
        deletion = pool.submit(groups.delete, api, people.owner, group)
        database.wait_waiting(2)
        ending.close()
        groups.assert_deleted(deletion.result())
        groups.assert_ok(removal.result())
