"""The life of a group as three people see it in their XMPP clients while one of them manages it over REST."""

import contextlib

import pytest

from support import groups, secrets, wait, xmpp_client
from support.muc import Refused, Room

SEEN_SECONDS = 5


@pytest.fixture
def people(api):
    return groups.accounts(api, "alice", "bob", "carol")


@pytest.fixture
def sessions(people):
    with contextlib.ExitStack() as online:
        yield [online.enter_context(xmpp_client.Session(one.username, one.password)) for one in people]


def invited_together(api, people, sessions):
    """The room as each of the three sees it, entered after the invitation; the one who made it needs none."""
    alice, bob, carol = people
    name = secrets.remember("The family \U0001f46a " + groups.new_word())
    group = groups.created(api, alice, name, [bob, carol])
    rooms = [Room(session, group.jid) for session in sessions]
    for room in rooms[1:]:
        wait.until(room.invitations, SEEN_SECONDS, "an invitation")
    for one, room in zip(people, rooms, strict=True):
        assert groups.listed(api, one) == {group}
        room.join()
    return group, rooms


def talk(rooms, *lines):
    """Everybody in the room says his line, and everybody hears it."""
    for speaker, line in zip(rooms, lines, strict=False):
        speaker.say(secrets.remember(line))
        for room in rooms:
            room.wait_heard(line)


def assert_shut_out(room):
    """The client is out, and neither the room nor its messages nor its archive are to be had any more."""
    wait.until(room.removed, SEEN_SECONDS, "the room closes")
    for attempt in (room.join, room.subscribe, room.archive):
        with pytest.raises(Refused):
            attempt()


def assert_deaf(room, spoken, friend):
    """What others said in the room has not come; a message of a friend, sent later, has."""
    text = groups.new_word()
    friend.send(room.session.jid.split("/")[0], text)
    wait.until(lambda: text in room.session.bodies(), SEEN_SECONDS, "the friend's message")
    assert spoken not in room.heard()
    assert spoken not in room.session.archive()


def test_three_people_and_their_group(api, people, sessions):
    alice, bob, carol = people
    group, (hers, bobs, carols) = invited_together(api, people, sessions)
    lines = [groups.new_word() for _ in range(3)]
    talk([hers, bobs, carols], *lines)
    assert [room.archive() for room in (hers, bobs, carols)] == [lines] * 3

    groups.assert_ok(groups.remove(api, alice, group, carol.jid))
    assert_shut_out(carols)
    assert groups.listed(api, carol) == set()
    talk([hers, bobs], "among two " + groups.new_word())
    assert_deaf(carols, hers.heard()[-1], sessions[0])
    groups.assert_is(api, alice, group, groups.roles([alice], member=[bob]))

    groups.assert_ok(groups.remove(api, bob, group, bob.jid))
    assert_shut_out(bobs)
    groups.assert_is(api, alice, group, groups.roles([alice]))

    groups.assert_deleted(groups.delete(api, alice, group))
    wait.until(hers.destroyed, SEEN_SECONDS, "the room is no more")
    groups.assert_nothing_known(api, people, group)
    with pytest.raises(Refused):
        hers.join()
