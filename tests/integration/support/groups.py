"""Groups as apps use them: one short function a route, and what a group is in every place that knows it."""

import collections
import contextlib
import secrets as _random
import urllib.parse
import uuid

from support import database, ejabberd_admin, raw_http, rest, wait
from support.concurrency import together

GONE = "Group not found"
NOT_ALLOWED = "Not allowed"
LAST_OWNER = "Transfer ownership first"
NO_USER = "User not found"
UNAVAILABLE = "Group service unavailable. Please try again later."
AGREE_SECONDS = 30
CLOSING_SECONDS = 2

Group = collections.namedtuple("Group", "group_id jid name")


def path(group, *more):
    """The path of a group given as Group or as text, or of something below it, percent-encoded."""
    parts = (getattr(group, "group_id", group), *more)
    return "/groups/" + "/".join(urllib.parse.quote(part, safe="@") for part in parts)


def create(api, account, name="A group", member_jids=(), route="/groups"):
    return rest.call(api, "POST", route, {"name": name, "member_jids": list(member_jids)}, account.token)


def created(api, account, name="A group", members=(), route="/groups"):
    """A group that the server makes; `members` are accounts."""
    return assert_created(create(api, account, name, [member.jid for member in members], route), name)


def assert_created(answer, name):
    assert answer.status == 201, answer
    content = answer.json()
    assert list(content) == list(Group._fields), content
    group = Group(**content)
    assert str(uuid.UUID(group.group_id)) == group.group_id and uuid.UUID(group.group_id).version == 4, content
    assert group[1:] == (f"{group.group_id}@{ejabberd_admin.SERVICE}", name), content
    return group


def with_roles(api, owner, admins=(), members=()):
    """A group in which everybody has his role."""
    group = created(api, owner, members=[*admins, *members])
    for admin in admins:
        assert_ok(set_role(api, owner, group, admin.jid, "admin"))
    return group


def listed(api, account):
    """Every group that the account is shown, as a set."""
    answer = rest.call(api, "GET", "/groups", token=account.token)
    assert answer.status == 200, answer
    assert list(answer.json()) == ["groups"], answer
    assert all(list(entry) == list(Group._fields) for entry in answer.json()["groups"]), answer
    found = [Group(**entry) for entry in answer.json()["groups"]]
    assert len(found) == len(set(found)), found
    return set(found)


def ask_members(api, account, group):
    return rest.call(api, "GET", path(group, "members"), token=account.token)


def members(api, account, group):
    """Role by bare JID, as this member is shown it."""
    answer = ask_members(api, account, group)
    assert answer.status == 200, answer
    assert list(answer.json()) == ["members"], answer
    entries = answer.json()["members"]
    assert all(list(entry) == ["jid", "affiliation"] for entry in entries), entries
    found = {entry["jid"]: entry["affiliation"] for entry in entries}
    assert len(found) == len(entries), entries
    return found


def add(api, account, group, jid):
    return rest.call(api, "POST", path(group, "members"), {"jid": jid}, account.token)


def remove(api, account, group, jid):
    return rest.call(api, "DELETE", path(group, "members", jid), token=account.token)


def set_role(api, account, group, jid, affiliation):
    return rest.call(api, "PUT", path(group, "members", jid), {"affiliation": affiliation}, account.token)


def rename(api, account, group, name):
    return rest.call(api, "PATCH", path(group), {"name": name}, account.token)


def delete(api, account, group):
    return rest.call(api, "DELETE", path(group), token=account.token)


def assert_ok(answer):
    assert (answer.status, answer.json()) == (200, {"status": "ok"}), answer


def assert_deleted(answer):
    assert (answer.status, answer.json()) == (200, {"status": "deleted"}), answer


def assert_gone(answer):
    raw_http.assert_error(answer, 404, GONE)


def roles(owner=(), admin=(), member=()):
    """Role by bare JID, from accounts."""
    named = (("owner", owner), ("admin", admin), ("member", member))
    return {account.jid: role for role, accounts in named for account in accounts}


def in_xmpp(group):
    """What the room enforces: role by bare JID without the banned, and who gets messages while he is away."""
    affiliations = ejabberd_admin.affiliations(group.jid)
    members = {jid: role for jid, role in affiliations.items() if role != "outcast"}
    return members, ejabberd_admin.subscribers(group.jid)


def assert_is(api, account, group, expected):
    """REST, the room's affiliations and its MucSub subscribers all show these roles, at once."""
    found = members(api, account, group), *in_xmpp(group)
    assert found == (expected, expected, set(expected)), f"expected {expected}, found {found}"


def agreed(api, account, group):
    """The roles that REST, affiliations and subscribers show alike, or None while they differ."""
    answer = ask_members(api, account, group)
    if answer.status != 200:
        return None
    found = members(api, account, group)
    return found if in_xmpp(group) == (found, set(found)) else None


def wait_is(api, account, group, expected, seconds=AGREE_SECONDS):
    """All places agree on these roles, or on one of several possibilities."""
    possible = expected if isinstance(expected, tuple) else (expected,)
    try:
        wait.until(lambda: agreed(api, account, group) in possible, seconds, "one membership")
    except AssertionError as late:
        found = ask_members(api, account, group).body, in_xmpp(group)
        raise AssertionError(f"{late}; expected {expected}, found {found}") from None


def is_gone(api, accounts, group):
    """In no list, not to be found, and no room any more. `accounts` are everybody who could know it."""
    for account in accounts:
        if group.group_id in {entry.group_id for entry in listed(api, account)}:
            return False
        if ask_members(api, account, group).status != 404:
            return False
    return not has_room(group)


def has_room(group):
    return group.jid in ejabberd_admin.rooms()


def assert_no_room(group):
    """ejabberd answers while the room is still closing."""
    wait.until(lambda: not has_room(group), CLOSING_SECONDS, "the room is closed")


def assert_nothing_known(api, accounts, group):
    assert_no_room(group)
    assert is_gone(api, accounts, group), "somebody still knows the group"
    for account in accounts:
        assert group.jid not in ejabberd_admin.subscriptions(account.username), "a subscription is left"


def let_leases_end():
    """As if the time had passed for which a server that died or gave up keeps others from what it had begun."""
    database.rows("UPDATE group_operations SET lease_until = now(); UPDATE account_operations SET lease_until = now()")


def accounts(api, *names):
    """Fresh accounts, made at once."""
    return together([lambda name=name: rest.Account(api, name) for name in names])


@contextlib.contextmanager
def unchanged(api, account, group):
    """Whatever is tried inside the block, the group is afterwards what it was, name included."""
    before = members(api, account, group)
    (own,) = [entry for entry in listed(api, account) if entry.group_id == group.group_id]
    yield
    assert_is(api, account, group, before)
    assert own in listed(api, account), f"no longer listed as {own}"


def new_word():
    """A text that no other message and no other group has."""
    return "word-" + _random.token_hex(6)
