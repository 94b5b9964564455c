"""PostgreSQL or ejabberd is stopped or holds still: groups are unavailable, then work again, and are what they were."""

import time

import pytest

from support import ejabberd_admin, groups, stack, wait, xmpp_client
from support.concurrency import together
from support.group_fixtures import group, people
from support.muc import Refused, Room

ANSWER_SECONDS = 8
RECOVERY_SECONDS = 15
SETTLE_SECONDS = 30


def changes(api, people, group):
    return [
        lambda: groups.create(api, people.owner, "Never", [people.member.jid]),
        lambda: groups.add(api, people.owner, group, people.stranger.jid),
        lambda: groups.remove(api, people.owner, group, people.member.jid),
    ]


OUTAGES = {
    "PostgreSQL stopped": (stack.stopped, "db"),
    "ejabberd frozen": (stack.frozen, "ejabberd"),
}


def assert_unavailable(answers):
    for answer in answers:
        assert answer.status in (502, 503), answer
        assert answer.status == 503 or answer.json()["detail"] == groups.UNAVAILABLE, answer


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_told_as_one_and_ends_by_itself(api, people, group, outage):
    interrupt, service = OUTAGES[outage]
    shown, rooms = groups.listed(api, people.owner), ejabberd_admin.rooms()
    with interrupt(service):
        begun = time.monotonic()
        assert_unavailable(together(changes(api, people, group)))
        assert time.monotonic() - begun < ANSWER_SECONDS
    _, *repeated = changes(api, people, group)
    for change in repeated:
        wait.until(lambda: change().status == 200, RECOVERY_SECONDS, "groups work again")
    expected = groups.roles([people.owner], [people.admin], [people.stranger])
    groups.wait_is(api, people.owner, group, expected, RECOVERY_SECONDS)
    assert groups.listed(api, people.owner) == shown, "what failed has not been made"
    wanted = {each.jid for each in shown}
    wait.until(lambda: wanted <= ejabberd_admin.rooms() <= rooms, SETTLE_SECONDS, "no room is left over, and none is lost")


def test_a_group_is_the_same_when_ejabberd_comes_back(api, people, group):
    with xmpp_client.Session(people.member.username, people.member.password) as session:
        Room(session, group.jid).join()
    groups.assert_ok(groups.remove(api, people.owner, group, people.member.jid))
    expected = groups.roles([people.owner], [people.admin])
    with stack.stopped("ejabberd"):
        assert_unavailable(together(changes(api, people, group)[:1]))
        assert groups.members(api, people.owner, group) == expected
    groups.wait_is(api, people.owner, group, expected, RECOVERY_SECONDS)
    assert_still_shut_out(group, people.member)
    text = groups.new_word()
    with xmpp_client.Session(people.owner.username, people.owner.password) as session:
        room = Room(session, group.jid).join()
        room.say(text)
        room.wait_heard(text)
    with xmpp_client.Session(people.admin.username, people.admin.password) as session:
        Room(session, group.jid).wait_heard(text)  # away, through his subscription


def assert_still_shut_out(group, removed):
    with xmpp_client.Session(removed.username, removed.password) as session:
        room = Room(session, group.jid)
        for attempt in (room.join, room.subscribe, room.archive):
            with pytest.raises(Refused):
                attempt()
