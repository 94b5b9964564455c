"""What is told about a request that does not fit: every failed field, before anything is done for anybody."""

import pytest

from support import groups, raw_http, rest, validation
from support.group_fixtures import people
from support.validation import items, missing, not_text, too_long, too_short

JID = "^[^\\u0000-\\u0020\\u007f\"&'/:<>@]+@[^\\u0000-\\u0020\\u007f\"&'/:<>@]+$"
NAME = "^[^\\u0000-\\u001f\\u007f\\ufffe\\uffff]*$"
ROLE = "^(owner|admin|member)$"
NOT_JIDS = [
    "",
    "alice",
    "@example.com",
    "alice@",
    "alice@example.com/phone",
    "alice@bob@example.com",
    "al ice@example.com",
    "alice@exam ple.com",
    "alice@example.com\n",
    "\talice@example.com",
    "<alice>@example.com",
    "ali'ce@example.com",
    'ali"ce@example.com',
    "ali&ce@example.com",
    "xmpp:alice@example.com",
]


def mismatch(field, pattern, *place):
    """The item of a pattern; `place` is where it is when that is not the field itself."""
    item = validation.mismatch(field, pattern)
    return item | {"loc": list(place) or item["loc"]}


def not_list(field):
    return {"type": "list_type", "loc": ["body", field], "msg": "Input should be a valid list"}


TOO_MANY = {
    "type": "too_long",
    "loc": ["body", "member_jids"],
    "msg": "List should have at most 256 items after validation, not 257",
    "ctx": {"field_type": "List", "max_length": 256, "actual_length": 257},
}

NAMES = {
    "missing": ({}, [missing("name")]),
    "empty": ({"name": ""}, [too_short("name", 1)]),
    "too long": ({"name": "n" * 101}, [too_long("name", 100)]),
    "too long in code points": ({"name": "\U0001f600" * 101}, [too_long("name", 100)]),
    "a number": ({"name": 5}, [not_text("name")]),
    "null": ({"name": None}, [not_text("name")]),
    "a list": ({"name": ["x"]}, [not_text("name")]),
    "a line feed": ({"name": "x\n"}, [mismatch("name", NAME)]),
    "a control character": ({"name": "a\u0001b"}, [mismatch("name", NAME)]),
    "a tab": ({"name": "\t"}, [mismatch("name", NAME)]),
    "the last control character": ({"name": "\u001f"}, [mismatch("name", NAME)]),
    "a DEL": ({"name": "\u007f"}, [mismatch("name", NAME)]),
    "what XML cannot carry": ({"name": "a\ufffe"}, [mismatch("name", NAME)]),
    "what XML cannot carry either": ({"name": "\uffffb"}, [mismatch("name", NAME)]),
    "too long with a line feed": ({"name": "\n" * 101}, [too_long("name", 100)]),
}

MEMBERS = {
    "null": (None, [not_list("member_jids")]),
    "a text": ("alice@example.com", [not_list("member_jids")]),
    "an object": ({}, [not_list("member_jids")]),
    "a number in it": (["alice@example.com", 5], [not_text("member_jids") | {"loc": ["body", "member_jids", 1]}]),
    "null in it": ([None], [not_text("member_jids") | {"loc": ["body", "member_jids", 0]}]),
    "no JID in it": (["a@b", "alice"], [mismatch("member_jids", JID, "body", "member_jids", 1)]),
    "a full JID in it": (["alice@example.com/x"], [mismatch("member_jids", JID, "body", "member_jids", 0)]),
    "too many": (["alice@example.com"] * 257, [TOO_MANY]),
}


@pytest.fixture(scope="module")
def group(api, people):
    """Nothing that is tried here ever changes it."""
    return groups.with_roles(api, people.owner, [people.admin], [people.member])


@pytest.fixture
def nothing_made(api, people):
    before = groups.listed(api, people.owner)
    yield
    assert groups.listed(api, people.owner) == before


@pytest.mark.parametrize("route", ["/groups", "/groups/create"])
@pytest.mark.parametrize("kind", NAMES)
def test_a_group_needs_a_good_name(api, people, nothing_made, route, kind):
    body, expected = NAMES[kind]
    assert items(rest.call(api, "POST", route, body, people.owner.token)) == expected


@pytest.mark.parametrize("kind", NAMES)
def test_a_new_name_is_as_good_as_a_first_one(api, people, group, kind):
    body, expected = NAMES[kind]
    with groups.unchanged(api, people.owner, group):
        assert items(rest.call(api, "PATCH", groups.path(group), body, people.owner.token)) == expected


@pytest.mark.parametrize("name", ["a\0b", "\0"])
def test_a_name_with_a_nul_is_refused(api, people, nothing_made, name):
    raw_http.assert_error(groups.create(api, people.owner, name), 422)


def test_half_a_character_is_refused(api, people, nothing_made):
    raw_http.assert_error(rest.call(api, "POST", "/groups", b'{"name":"\\ud83d"}', people.owner.token), 422)


@pytest.mark.parametrize("kind", MEMBERS)
def test_members_are_a_list_of_addresses(api, people, nothing_made, kind):
    value, expected = MEMBERS[kind]
    body = {"name": "Never", "member_jids": value}
    assert items(rest.call(api, "POST", "/groups", body, people.owner.token)) == expected


def test_every_failed_field_is_told_in_order(api, people, nothing_made):
    body = {"member_jids": ["nonsense"]}
    expected = [missing("name"), mismatch("member_jids", JID, "body", "member_jids", 0)]
    assert items(rest.call(api, "POST", "/groups", body, people.owner.token)) == expected


@pytest.mark.parametrize("jid", NOT_JIDS)
def test_what_is_no_address_can_neither_be_added_nor_named(api, people, group, jid):
    with groups.unchanged(api, people.owner, group):
        assert items(groups.add(api, people.owner, group, jid)) == [mismatch("jid", JID)]
        if not jid:
            return  # such a path is another route
        in_path = [mismatch("jid", JID, "path", "jid")]
        assert items(groups.remove(api, people.owner, group, jid)) == in_path
        assert items(groups.set_role(api, people.owner, group, jid, "member")) == in_path


@pytest.mark.parametrize(
    ("body", "expected"),
    [({}, missing("jid")), ({"jid": None}, not_text("jid")), ({"jid": ["a@b"]}, not_text("jid"))],
)
def test_adding_needs_an_address(api, people, group, body, expected):
    with groups.unchanged(api, people.owner, group):
        assert items(rest.call(api, "POST", groups.path(group, "members"), body, people.owner.token)) == [expected]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, missing("affiliation")),
        ({"affiliation": 1}, not_text("affiliation")),
        ({"affiliation": ""}, mismatch("affiliation", ROLE)),
        ({"affiliation": "none"}, mismatch("affiliation", ROLE)),
        ({"affiliation": "outcast"}, mismatch("affiliation", ROLE)),
        ({"affiliation": "Owner"}, mismatch("affiliation", ROLE)),
        ({"affiliation": "owner\n"}, mismatch("affiliation", ROLE)),
    ],
)
def test_a_role_is_one_of_three(api, people, group, body, expected):
    path = groups.path(group, "members", people.member.jid)
    with groups.unchanged(api, people.owner, group):
        assert items(rest.call(api, "PUT", path, body, people.owner.token)) == [expected]


@pytest.mark.parametrize("body", [b"", b"{broken", b"[]", b'"text"', b"5", b"null"])
def test_a_body_is_an_object(api, people, group, body):
    routes = [
        ("POST", "/groups"),
        ("POST", "/groups/create"),
        ("POST", groups.path(group, "members")),
        ("PUT", groups.path(group, "members", people.member.jid)),
        ("PATCH", groups.path(group)),
    ]
    with groups.unchanged(api, people.owner, group):
        for method, path in routes:
            raw_http.assert_error(rest.call(api, method, path, body, people.owner.token), 422)


def test_a_request_is_read_before_anybody_is_told_what_there_is(api, people, group):
    """A stranger's bad request is a bad request, whether or not the group exists."""
    for path in (groups.path(group), groups.path("unknown")):
        assert items(rest.call(api, "PATCH", path, {}, people.stranger.token)) == [missing("name")]
        assert items(rest.call(api, "POST", f"{path}/members", {}, people.stranger.token)) == [missing("jid")]
        raw_http.assert_error(rest.call(api, "DELETE", f"{path}/members/x", None, people.stranger.token), 422)
