"""What REST changes holds in XMPP at once, for those who are online and for those who are not."""

import contextlib

import pytest

from support import ejabberd_admin, groups, rest, wait, xmpp_client
from support.group_fixtures import everybody, group, people
from support.muc import Refused, Room

SEEN_SECONDS = 5


@pytest.fixture(scope="module")
def online(people):
    """One client of everybody."""
    with contextlib.ExitStack() as sessions:
        yield type(people)(*[sessions.enter_context(xmpp_client.Session(one.username, one.password)) for one in people])


def refusal(attempt):
    with pytest.raises(Refused) as refused:
        attempt()
    return str(refused.value)


def assert_shut_out(room):
    assert refusal(room.join) == "registration-required"
    assert refusal(room.subscribe) == "registration-required"
    assert refusal(room.archive) == "forbidden"
    room.say("let me in")
    wait.until(lambda: room.errors(), SEEN_SECONDS, "the message is refused")


def assert_heard_nothing(room, friend, *texts):
    """None of these has reached the user or his archive, although a friend's later message has."""
    marker = groups.new_word()
    friend.send(room.session.jid.split("/")[0], marker)
    wait.until(lambda: marker in room.session.bodies(), SEEN_SECONDS, "the friend's message")
    for text in texts:
        assert text not in room.heard()
        assert text not in room.session.archive()


def test_everybody_in_the_group_may_enter_and_is_heard_by_all(online, group):
    rooms = [Room(session, group.jid).join() for session in (online.owner, online.admin, online.member)]
    for speaker in rooms:
        text = groups.new_word()
        speaker.say(text)
        for room in rooms:
            room.wait_heard(text)
    assert [len(room.archive()) for room in rooms] == [3] * 3


def test_an_outsider_is_refused(api, people, online, group):
    text = groups.new_word()
    speaker = Room(online.owner, group.jid).join()
    outsider = Room(online.stranger, group.jid)
    assert_shut_out(outsider)
    speaker.say(text)
    speaker.wait_heard(text)
    assert_heard_nothing(outsider, online.owner, text)
    assert speaker.archive() == [text]


def test_members_know_each_other(people, online, group):
    owner, member = Room(online.owner, group.jid).join(), Room(online.member, group.jid).join()
    assert wait.until(lambda: owner.occupant(member.me), SEEN_SECONDS, "the member enters") == people.member.jid
    assert member.occupant(owner.me) == people.owner.jid


@pytest.mark.parametrize("inside", [True, False], ids=["in the room", "away from it"])
def test_a_removed_member_is_out_and_stays_out(api, people, online, group, inside):
    removed, speaker = Room(online.member, group.jid), Room(online.owner, group.jid).join()
    before, after = groups.new_word(), groups.new_word()
    if inside:
        removed.join()
    speaker.say(before)
    removed.wait_heard(before)  # away from it, through his subscription
    groups.assert_ok(groups.remove(api, people.owner, group, people.member.jid))
    if inside:
        wait.until(removed.removed, SEEN_SECONDS, "the room closes")
    assert_shut_out(removed)
    speaker.say(after)
    speaker.wait_heard(after)
    assert_heard_nothing(removed, online.owner, after)


def test_who_was_an_admin_is_shut_out_too(api, people, online, group):
    removed = Room(online.admin, group.jid).join()
    groups.assert_ok(groups.set_role(api, people.owner, group, people.admin.jid, "member"))
    groups.assert_ok(groups.remove(api, people.owner, group, people.admin.jid))
    wait.until(removed.removed, SEEN_SECONDS, "the room closes")
    assert_shut_out(removed)


def test_a_removed_member_who_comes_back_hears_again(api, people, online, group):
    room, speaker = Room(online.member, group.jid), Room(online.owner, group.jid).join()
    missed, heard = groups.new_word(), groups.new_word()
    groups.assert_ok(groups.remove(api, people.owner, group, people.member.jid))
    speaker.say(missed)
    speaker.wait_heard(missed)
    groups.assert_ok(groups.add(api, people.owner, group, people.member.jid))
    speaker.say(heard)
    room.wait_heard(heard)
    assert missed not in room.heard()
    room.join().say(groups.new_word())


def test_invitations_come_to_those_who_are_online(api, people, online):
    group = groups.created(api, people.owner, members=[people.member])
    invited = Room(online.member, group.jid)
    wait.until(invited.invitations, SEEN_SECONDS, "the invitation to a new group")
    groups.assert_ok(groups.add(api, people.owner, group, people.admin.jid))
    added = Room(online.admin, group.jid)
    wait.until(added.invitations, SEEN_SECONDS, "the invitation of an added member")
    groups.assert_ok(groups.add(api, people.owner, group, people.stranger.jid))
    wait.until(Room(online.stranger, group.jid).invitations, SEEN_SECONDS, "the invitation of the next one")
    # By now a second one would have come before the stranger's.
    assert [room.invitations() for room in (invited, added, Room(online.owner, group.jid))] == [1, 1, 0]


def test_who_was_away_finds_what_was_said(api, people, online):
    """Never online before: the message waits, and stands in the member's own archive and in the room's."""
    away = rest.Account(api, "away")
    group = groups.created(api, people.owner, members=[away])
    speaker, texts = Room(online.owner, group.jid).join(), [groups.new_word() for _ in range(3)]
    for text in texts:
        speaker.say(text)
        speaker.wait_heard(text)
    with xmpp_client.Session(away.username, away.password) as session:
        room = Room(session, group.jid)
        room.wait_heard(texts[-1])
        assert room.heard() == texts
        assert session.archive() == texts
        assert room.archive() == texts


def test_a_member_may_not_manage_over_xmpp(api, people, online, group):
    room = Room(online.member, group.jid).join()
    with groups.unchanged(api, people.owner, group):
        for jid, role in ((people.stranger.jid, "member"), (people.member.jid, "owner"), (people.owner.jid, "none")):
            assert refusal(lambda jid=jid, role=role: room.set_affiliation(jid, role)) in ("not-allowed", "forbidden")
        assert refusal(lambda: room.rename("Mine")) == "forbidden"
        assert refusal(room.destroy) == "forbidden"


def test_a_role_given_over_rest_counts_in_xmpp(api, people, online, group, everybody):
    groups.assert_ok(groups.set_role(api, people.owner, group, people.member.jid, "owner"))
    room = Room(online.member, group.jid).join()
    room.rename(group.name)
    groups.assert_ok(groups.set_role(api, people.owner, group, people.member.jid, "member"))
    assert refusal(lambda: room.rename("Mine")) == "forbidden"
    groups.assert_is(api, people.owner, group, everybody)


def test_rooms_are_made_over_rest_only(api, people, online):
    rooms = ejabberd_admin.rooms()
    assert refusal(Room(online.member, f"{rest.new_name()}@{ejabberd_admin.SERVICE}").join) == "forbidden"
    assert ejabberd_admin.rooms() == rooms


@pytest.mark.parametrize("name", ["\ufffe", "\uffff", "\u0080", "]]>", "<!--", "\U0001ffff"], ids=ascii)
def test_no_name_breaks_a_client(api, people, name):
    """XML cannot carry every character of JSON. What is accepted must not end a member's connection."""
    answer = groups.create(api, people.owner, name, [people.member.jid])
    assert answer.status in (201, 422), answer
    if answer.status == 201:
        group = groups.assert_created(answer, name)
        with xmpp_client.Session(people.member.username, people.member.password, "other") as session:
            assert Room(session, group.jid).title()
            assert not session.ended
