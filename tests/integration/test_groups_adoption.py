"""What a group's owner does in his XMPP client shows in REST, and what would open the group is put back."""

import contextlib

import pytest

from support import api_process, ejabberd_admin, groups, rest, stack, wait, xmpp_client
from support.group_fixtures import everybody, group, people
from support.muc import Refused, Room

ADOPTED_SECONDS = 30


@pytest.fixture(scope="module")
def api():
    """Compares groups with their rooms every second, so that the tests need not wait long."""
    with api_process.ApiProcess(GROUP_SWEEP_SECONDS="1") as process:
        yield process
        process.stop()


@pytest.fixture(scope="module")
def session(people):
    with xmpp_client.Session(people.owner.username, people.owner.password) as online:
        yield online


@pytest.fixture
def room(session, group):
    """The room in the owner's client."""
    return Room(session, group.jid).join()


def wait_adopted(api, people, group, expected):
    groups.wait_is(api, people.owner, group, expected, ADOPTED_SECONDS)


def wait_compared(api, people, group, room):
    """A comparison that began after this call has ended: it has adopted a new title."""
    title = groups.new_word()
    room.rename(title)
    wait_named(api, people.owner, group, title)


def wait_named(api, account, group, name):
    wait.until(lambda: group._replace(name=name) in groups.listed(api, account), ADOPTED_SECONDS, f"the name {name}")


def affiliation(whom, role):
    """The owner's client gives this role to one of the people, or to this JID."""
    return lambda room, people: room.set_affiliation(getattr(people, whom).jid if whom in people._fields else whom, role)


def without(*whom):
    return {name: role for name, role in INSIDE.items() if name not in whom}


INSIDE = {"owner": "owner", "admin": "admin", "member": "member"}

# What the owner does in his client, and who is in the group then.
MEMBERSHIPS = {
    "a member is let in": (affiliation("stranger", "member"), INSIDE | {"stranger": "member"}),
    "an admin is let in": (affiliation("stranger", "admin"), INSIDE | {"stranger": "admin"}),
    "an owner is let in": (affiliation("stranger", "owner"), INSIDE | {"stranger": "owner"}),
    "a member is removed": (affiliation("member", "none"), without("member")),
    "a member is banned": (affiliation("member", "outcast"), without("member")),
    "an admin is removed": (affiliation("admin", "none"), without("admin")),
    "an admin is banned": (affiliation("admin", "outcast"), without("admin")),
    "a stranger is banned": (affiliation("stranger", "outcast"), INSIDE),
    "a member becomes admin": (affiliation("member", "admin"), INSIDE | {"member": "admin"}),
    "a member becomes owner": (affiliation("member", "owner"), INSIDE | {"member": "owner"}),
    "an admin becomes member": (affiliation("admin", "member"), INSIDE | {"admin": "member"}),
    "nobody is let in": (affiliation(rest.jid("nobody_at_all"), "member"), INSIDE),
    "nobody becomes owner": (affiliation(rest.jid("nobody_at_all"), "owner"), INSIDE),
    "a foreigner is let in": (affiliation("alice@example.org", "member"), INSIDE),
    "a foreigner becomes owner": (affiliation("alice@example.org", "owner"), INSIDE),
    "a room is let in": (affiliation(f"room@{ejabberd_admin.SERVICE}", "member"), INSIDE),
}
NAMES = {"an emoji": "Ours \U0001f3e1", "as long as can be": "n" * 100, "markup": "<&\"'>"}
NO_NAMES = {"nothing": "", "too long": "n" * 101, "much too long": "\U0001f600" * 500, "two lines": "tab\tand\nline"}
OPENING = {
    "moderated": ("muc#roomconfig_moderatedroom", "1"),
    "members_only": ("muc#roomconfig_membersonly", "0"),
    "allow_subscription": ("allow_subscription", "0"),
    "mam": ("mam", "0"),
    "anonymous": ("muc#roomconfig_whois", "moderators"),
    "public": ("muc#roomconfig_publicroom", "1"),
}
RENAMED = {f"renamed: {kind}": name for kind, name in (NAMES | NO_NAMES).items()}
OPTIONS = {f"option: {option}": change for option, change in OPENING.items()}


def acts():
    """Everything that an owner does in a test of its own group."""
    yield from ((kind, act) for kind, (act, _) in MEMBERSHIPS.items())
    yield from ((kind, lambda room, _, name=name: room.rename(name)) for kind, name in RENAMED.items())
    yield from ((kind, lambda room, _, change=change: room.configure(*change)) for kind, change in OPTIONS.items())


@pytest.fixture(scope="module")
def acted(api, people, session):
    """One group for each of these, in which the owner has just done it: they are adopted while the tests go on."""
    made = {}
    for kind, act in acts():
        made[kind] = groups.with_roles(api, people.owner, [people.admin], [people.member])
        act(Room(session, made[kind].jid).join(), people)
    return made


@pytest.mark.parametrize("kind", MEMBERSHIPS)
def test_who_is_let_in_or_out_over_xmpp_is_so_in_the_group(api, people, acted, kind):
    group, inside = acted[kind], MEMBERSHIPS[kind][1]
    wait_adopted(api, people, group, {getattr(people, name).jid: role for name, role in inside.items()})
    for name, account in people._asdict().items():
        assert (group in groups.listed(api, account)) == (name in inside)


@pytest.mark.parametrize("kind", NAMES)
def test_a_room_renamed_over_xmpp_is_a_group_renamed(api, people, acted, everybody, kind):
    group, name = acted[f"renamed: {kind}"], NAMES[kind]
    for account in (people.owner, people.admin, people.member):
        wait_named(api, account, group, name)
    assert ejabberd_admin.options(group.jid)["title"] == name
    groups.assert_is(api, people.owner, group, everybody)


@pytest.mark.parametrize("kind", NO_NAMES)
def test_a_title_that_is_no_name_is_put_back(api, people, acted, kind):
    group = acted[f"renamed: {kind}"]
    wait.until(lambda: ejabberd_admin.options(group.jid)["title"] == group.name, ADOPTED_SECONDS, "the name is back")
    assert group in groups.listed(api, people.member)


@pytest.mark.parametrize("option", OPENING)
def test_what_the_group_needs_of_its_room_is_put_back(api, people, acted, everybody, option):
    group, unchanged = acted[f"option: {option}"], ejabberd_admin.options(acted["a stranger is banned"].jid)
    wait.until(lambda: ejabberd_admin.options(group.jid) == unchanged, ADOPTED_SECONDS, "the option is put back")
    wait_adopted(api, people, group, everybody)


def test_an_owner_may_be_removed_by_another_over_xmpp(api, people, group, room):
    groups.assert_ok(groups.set_role(api, people.owner, group, people.admin.jid, "owner"))
    room.set_affiliation(people.admin.jid, "none")
    wait_adopted(api, people, group, groups.roles([people.owner], member=[people.member]))


def test_many_changes_at_once_are_all_adopted(api, people, group, room):
    room.set_affiliation(people.stranger.jid, "admin")
    room.set_affiliation(people.member.jid, "none")
    room.set_affiliation(people.admin.jid, "owner")
    room.rename("All at once")
    wait_adopted(api, people, group, groups.roles([people.owner, people.admin], [people.stranger]))
    wait_named(api, people.stranger, group, "All at once")


def test_a_banned_user_can_be_added_again(api, people, group, everybody, room):
    room.set_affiliation(people.member.jid, "outcast")
    room.set_affiliation(people.stranger.jid, "outcast")
    wait_adopted(api, people, group, groups.roles([people.owner], [people.admin]))
    for account in (people.member, people.stranger):
        groups.assert_ok(groups.add(api, people.owner, group, account.jid))
    expected = everybody | groups.roles(member=[people.stranger])
    groups.assert_is(api, people.owner, group, expected)
    wait_compared(api, people, group, room)
    groups.assert_is(api, people.owner, group, expected)


def test_a_room_destroyed_over_xmpp_is_a_group_deleted(api, people, group, room):
    room.destroy()
    wait.until(lambda: groups.is_gone(api, people, group), ADOPTED_SECONDS, "the group is gone")
    groups.assert_nothing_known(api, people, group)


def test_a_group_whose_room_was_just_destroyed_can_be_deleted(api, people, group, room):
    room.destroy()
    answer = groups.delete(api, people.owner, group)
    assert answer.status in (200, 404), answer
    groups.assert_nothing_known(api, people, group)


def test_a_whole_domain_that_is_let_in_is_put_out_again(api, people, group, everybody, room):
    """To ejabberd a domain can be a member, which is everybody who has an account there."""
    with xmpp_client.Session(people.stranger.username, people.stranger.password) as online:
        outsider = Room(online, group.jid)
        for domain in ("example.org", stack.DOMAIN):
            room.set_affiliation(domain, "member")
        slip_in(outsider)
        wait_adopted(api, people, group, everybody)
        wait_compared(api, people, group, room)
        assert_put_out(outsider)


def slip_in(outsider):
    """Enters and subscribes, unless the group was faster."""
    with contextlib.suppress(Refused):
        outsider.join()
        outsider.subscribe()


def assert_put_out(outsider):
    wait.until(lambda: not outsider.inside(), ADOPTED_SECONDS, "the outsider is out")
    for attempt in (outsider.join, outsider.subscribe, outsider.archive):
        with pytest.raises(Refused):
            attempt()


def test_who_slipped_in_while_the_room_was_open_is_out(api, people, group, everybody, room):
    with xmpp_client.Session(people.stranger.username, people.stranger.password) as online:
        outsider = Room(online, group.jid)
        room.configure(*OPENING["members_only"])
        slip_in(outsider)
        wait.until(lambda: ejabberd_admin.options(group.jid)["members_only"] == "true", ADOPTED_SECONDS, "closed again")
        wait_adopted(api, people, group, everybody)
        assert_put_out(outsider)


def test_what_was_changed_over_rest_is_not_taken_back(api, people, group, everybody, room):
    groups.assert_ok(groups.add(api, people.owner, group, people.stranger.jid))
    groups.assert_ok(groups.set_role(api, people.owner, group, people.admin.jid, "member"))
    groups.assert_ok(groups.remove(api, people.owner, group, people.member.jid))
    expected = groups.roles([people.owner], member=[people.admin, people.stranger])
    wait_compared(api, people, group, room)
    groups.assert_is(api, people.owner, group, expected)
    assert groups.rename(api, people.owner, group, "From REST").status == 200
    room.set_affiliation(people.member.jid, "member")  # its adoption shows that a comparison has passed
    wait_adopted(api, people, group, expected | groups.roles(member=[people.member]))
    assert group._replace(name="From REST") in groups.listed(api, people.member)
