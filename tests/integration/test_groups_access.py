"""Who may do what: a stranger finds nothing, a member changes nothing, an admin no role, a bad token opens nothing."""

import uuid

import pytest

from support import ejabberd_admin, groups, raw_http, rest, stack, tokens
from support.group_fixtures import group, people

NOBODY = "nobody_at_all"


def every_route(group, jid):
    """Method, path and a good body of every route below a group."""
    return [
        ("GET", groups.path(group, "members"), None),
        ("POST", groups.path(group, "members"), {"jid": jid}),
        ("DELETE", groups.path(group, "members", jid), None),
        ("PUT", groups.path(group, "members", jid), {"affiliation": "admin"}),
        ("PATCH", groups.path(group), {"name": "Mine now"}),
        ("DELETE", groups.path(group), None),
    ]


def assert_each_gone(api, account, group, jid):
    for method, path, body in every_route(group, jid):
        groups.assert_gone(rest.call(api, method, path, body, account.token))


def test_a_stranger_finds_no_group(api, people, group):
    with groups.unchanged(api, people.owner, group):
        for target in (people.stranger, people.member, people.owner):
            assert_each_gone(api, people.stranger, group, target.jid)
            assert_each_gone(api, people.stranger, group.jid, target.jid)
        assert group.group_id not in {entry.group_id for entry in groups.listed(api, people.stranger)}


def test_a_former_member_is_a_stranger(api, people, group):
    groups.assert_ok(groups.remove(api, people.owner, group, people.admin.jid))
    with groups.unchanged(api, people.owner, group):
        for target in (people.admin, people.member):
            assert_each_gone(api, people.admin, group, target.jid)


UNKNOWN = {
    "an unknown id": lambda group: str(uuid.uuid4()),
    "an unknown address": lambda group: f"{uuid.uuid4()}@{ejabberd_admin.SERVICE}",
    "not an id": lambda group: "my-group",
    "the id without dashes": lambda group: group.group_id.replace("-", ""),
    "the id in braces": lambda group: "{" + group.group_id + "}",
    "the id and more": lambda group: group.group_id + "0",
    "the id and a line feed": lambda group: group.group_id + "\n",
    "the id at the users' domain": lambda group: f"{group.group_id}@{stack.DOMAIN}",
    "the id at another server's rooms": lambda group: f"{group.group_id}@muc.example.org",
    "the address with a nick": lambda group: f"{group.jid}/nick",
    "the id at nothing": lambda group: f"{group.group_id}@",
    "a wildcard": lambda group: "%",
    "a quote": lambda group: "' OR true --",
    "dots": lambda group: "..",
    "very long": lambda group: "a" * 4000,
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_names_no_group_finds_none(api, people, group, kind):
    with groups.unchanged(api, people.owner, group):
        assert_each_gone(api, people.owner, UNKNOWN[kind](group), people.member.jid)


@pytest.mark.parametrize("text", ["%00", "%ff", "%zz", "", "a/b"])
def test_what_is_no_name_at_all_is_no_path(api, people, text):
    answer = rest.call(api, "GET", f"/groups/{text}/members", token=people.owner.token)
    raw_http.assert_error(answer, 404, "Not Found")


def test_a_member_changes_nothing_but_himself(api, people, group):
    member = people.member
    with groups.unchanged(api, people.owner, group):
        for target in (people.stranger, people.admin, people.owner, member):
            refusals = [groups.add(api, member, group, target.jid)]
            refusals += [groups.set_role(api, member, group, target.jid, role) for role in ("owner", "admin", "member")]
            if target is not member:
                refusals.append(groups.remove(api, member, group, target.jid))
            for answer in refusals:
                raw_http.assert_error(answer, 403, groups.NOT_ALLOWED)
        raw_http.assert_error(groups.rename(api, member, group, "Mine now"), 403, groups.NOT_ALLOWED)
        raw_http.assert_error(groups.delete(api, member, group), 403, groups.NOT_ALLOWED)


def test_a_member_is_not_told_who_exists(api, people, group):
    for jid in (rest.jid(NOBODY), "alice@example.org"):
        raw_http.assert_error(groups.add(api, people.member, group, jid), 403, groups.NOT_ALLOWED)


def test_an_admin_changes_no_role(api, people, group):
    with groups.unchanged(api, people.owner, group):
        for target in (people.owner, people.admin, people.member, people.stranger):
            for role in ("owner", "admin", "member"):
                answer = groups.set_role(api, people.admin, group, target.jid, role)
                raw_http.assert_error(answer, 403, groups.NOT_ALLOWED)


def test_an_admin_removes_neither_owners_nor_admins(api, people, group):
    groups.assert_ok(groups.add(api, people.owner, group, people.stranger.jid))
    groups.assert_ok(groups.set_role(api, people.owner, group, people.stranger.jid, "admin"))
    with groups.unchanged(api, people.owner, group):
        for target in (people.owner, people.stranger):
            raw_http.assert_error(groups.remove(api, people.admin, group, target.jid), 403, groups.NOT_ALLOWED)


def test_everybody_in_it_sees_the_same_members(api, people, group):
    shown = [groups.members(api, account, group) for account in (people.owner, people.admin, people.member)]
    assert shown == [groups.roles([people.owner], [people.admin], [people.member])] * 3


def with_lists(group, jid):
    mine = {"name": "Mine"}
    lists = [("GET", "/groups", None), ("POST", "/groups", mine), ("POST", "/groups/create", mine)]
    return lists + every_route(group, jid)


BAD_TOKENS = {
    "none": (lambda people: None, "Not authenticated"),
    "expired": (lambda people: tokens.sign({"sub": people.owner.jid, "exp": 1}), "Token has expired"),
    "of another server": (lambda people: tokens.legacy(f"{people.owner.username}@example.org"), "Invalid token"),
    "of a group": (lambda people: tokens.legacy(f"x@{ejabberd_admin.SERVICE}"), "Invalid token"),
    "signed by somebody else": (
        lambda people: tokens.sign({"sub": people.owner.jid, "exp": 2**31}, key="k" * 32),
        "Invalid token",
    ),
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_every_route_needs_a_good_token(api, people, group, kind):
    make, text = BAD_TOKENS[kind]
    token = make(people)
    with groups.unchanged(api, people.owner, group):
        for method, path, body in with_lists(group, people.member.jid):
            for sent in (body, b"{broken") if body else (None,):  # authentication comes before all else
                raw_http.assert_error(rest.call(api, method, path, sent, token), 401, text)


def test_a_revoked_token_opens_nothing(api, people, group):
    out, gone = groups.accounts(api, "out", "gone")
    for account in (out, gone):
        groups.assert_ok(groups.add(api, people.owner, group, account.jid))
    assert rest.logout(api, out.token).status == 200
    assert rest.delete(api, gone.token, gone.username, gone.password).status == 200
    for account in (out, gone):
        for method, path, body in with_lists(group, people.member.jid):
            raw_http.assert_error(rest.call(api, method, path, body, account.token), 401, "Token has been revoked")


METHODS = {
    "/groups": "GET HEAD OPTIONS POST",
    "/groups/create": "OPTIONS POST",
    "/groups/x": "DELETE OPTIONS PATCH",
    "/groups/x/members": "GET HEAD OPTIONS POST",
    "/groups/x/members/y@z": "DELETE OPTIONS PUT",
}


@pytest.mark.parametrize("path", METHODS)
def test_other_methods_are_told_which_there_are(api, path):
    answer = rest.call(api, "TRACE", path)
    raw_http.assert_error(answer, 405, "Method Not Allowed")
    assert sorted(answer.header("allow").split(", ")) == METHODS[path].split()
