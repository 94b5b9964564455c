"""A new group is there for all its members at once, in REST and in XMPP, or nowhere."""

import urllib.parse
import uuid

import pytest

from support import ejabberd_admin, groups, raw_http, rest, stack
from support.group_fixtures import people

ROUTES = ("/groups", "/groups/create")
PRIVATE = {
    "persistent": "true",
    "members_only": "true",
    "moderated": "false",
    "allow_subscription": "true",
    "anonymous": "false",
    "public": "false",
    "mam": "true",
}
NAMES = [
    "x",
    "n" * 100,
    "\U0001f600" * 100,
    "Familie Müller \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "עברית 中文 ру́сский",
    "quote\"back\\slash' <b>&amp;</b>",
    "%s %d {} $(x) ; DROP TABLE groups; --",
    "   ",
    "\u0085\u2028\u202e",
]


@pytest.mark.parametrize("route", ROUTES)
def test_a_new_group_belongs_to_its_creator(api, people, route):
    before = groups.listed(api, people.owner)
    group = groups.created(api, people.owner, "Just me", route=route)
    groups.assert_is(api, people.owner, group, groups.roles([people.owner]))
    assert groups.listed(api, people.owner) - before == {group}
    assert groups.has_room(group)


@pytest.mark.parametrize("route", ROUTES)
def test_members_are_in_it_from_the_start(api, people, route):
    owner, *others = people
    group = groups.created(api, owner, members=others, route=route)
    groups.assert_is(api, owner, group, groups.roles([owner], member=others))
    for account in people:
        assert group in groups.listed(api, account)
        assert group.jid in ejabberd_admin.subscriptions(account.username)


@pytest.mark.parametrize("more", [{}, {"member_jids": []}, {"jid": "x"}], ids=str)
def test_members_need_not_be_named_and_unknown_fields_do_not_matter(api, people, more):
    answer = rest.call(api, "POST", "/groups", {"name": "Alone"} | more, people.owner.token)
    group = groups.assert_created(answer, "Alone")
    groups.assert_is(api, people.owner, group, groups.roles([people.owner]))


def test_who_is_named_twice_is_in_it_once_and_the_creator_stays_owner(api, people):
    owner, member = people.owner, people.member
    jids = [member.jid, owner.jid, member.jid.upper(), member.jid.title(), owner.jid.upper()]
    group = groups.assert_created(groups.create(api, owner, "Twice", jids), "Twice")
    groups.assert_is(api, owner, group, groups.roles([owner], member=[member]))


def test_as_many_members_as_a_request_may_name(api, people):
    answer = groups.create(api, people.owner, "Crowd", [people.member.jid] * 256)
    group = groups.assert_created(answer, "Crowd")
    groups.assert_is(api, people.owner, group, groups.roles([people.owner], member=[people.member]))


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_kept_as_it_is(api, people, name):
    group = groups.created(api, people.owner, name)
    assert group in groups.listed(api, people.owner)
    assert ejabberd_admin.options(group.jid)["title"] == name


def test_two_groups_of_one_name_are_two(api, people):
    first, second = (groups.created(api, people.owner, "Same") for _ in range(2))
    assert first.group_id != second.group_id
    assert {first, second} <= groups.listed(api, people.owner)


def spellings(group):
    for text in (group.group_id, group.jid):
        yield from (text, text.upper(), text.title(), urllib.parse.quote(text, safe=""))


def test_a_group_is_found_by_its_id_and_by_its_address_in_any_case(api, people):
    group = groups.created(api, people.owner, "Found")
    expected = groups.roles([people.owner])
    for spelling in spellings(group):
        answer = rest.call(api, "GET", f"/groups/{spelling}/members", token=people.owner.token)
        assert answer.status == 200, (spelling, answer)
        assert {entry["jid"]: entry["affiliation"] for entry in answer.json()["members"]} == expected
    for spelling in (group.jid, group.group_id.upper(), group.jid.upper()):
        groups.assert_ok(groups.add(api, people.owner, spelling, people.member.jid))
        groups.assert_ok(groups.set_role(api, people.owner, spelling, people.member.jid, "admin"))
        assert groups.rename(api, people.member, spelling, "Named").json() == group._asdict() | {"name": "Named"}
        groups.assert_ok(groups.remove(api, people.owner, spelling, people.member.jid))
    groups.assert_is(api, people.owner, group, expected)
    groups.assert_deleted(groups.delete(api, people.owner, group.jid.upper()))
    groups.assert_no_room(group)


def test_its_room_is_private_and_lasting(api, people):
    group = groups.created(api, people.owner)
    options = ejabberd_admin.options(group.jid)
    assert {name: options[name] for name in PRIVATE} == PRIVATE


def test_ids_are_not_to_be_guessed(api, people):
    """Of two groups made one after the other, neither tells the other's id."""
    first, second = (uuid.UUID(groups.created(api, people.owner).group_id) for _ in range(2))
    assert (first.int ^ second.int).bit_count() > 20


STRANGERS = {
    "unknown": lambda: rest.jid(rest.new_name("nobody")),
    "of another server": lambda: "alice@example.org",
    "of the room service": lambda: f"{uuid.uuid4()}@{ejabberd_admin.SERVICE}",
    "of a domain that only ends alike": lambda: f"alice@x{stack.DOMAIN}",
}


@pytest.mark.parametrize("kind", STRANGERS)
@pytest.mark.parametrize("position", [0, 1])
def test_with_a_member_who_does_not_exist_nothing_is_made(api, people, kind, position):
    rooms, lists = ejabberd_admin.rooms(), [groups.listed(api, account) for account in people]
    jids = [people.member.jid]
    jids.insert(position, STRANGERS[kind]())
    raw_http.assert_error(groups.create(api, people.owner, "Never", jids), 404, groups.NO_USER)
    assert ejabberd_admin.rooms() == rooms
    assert [groups.listed(api, account) for account in people] == lists
