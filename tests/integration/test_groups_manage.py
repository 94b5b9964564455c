"""Renaming, deleting and listing groups."""

import pytest

from support import api_process, ejabberd_admin, groups, wait, xmpp_client
from support.group_fixtures import everybody, group, people
from support.muc import Refused, Room

SEEN_SECONDS = 5


@pytest.mark.parametrize("by", ["owner", "admin"])
@pytest.mark.parametrize("name", ["New \U0001f389 name", "n" * 100, "'\"<&>\\"])
def test_a_new_name_is_seen_by_everybody(api, people, group, everybody, by, name):
    answer = groups.rename(api, getattr(people, by), group, name)
    renamed = group._replace(name=name)
    assert (answer.status, list(answer.json().items())) == (200, list(renamed._asdict().items()))
    for account in (people.owner, people.admin, people.member):
        assert renamed in groups.listed(api, account)
    assert ejabberd_admin.options(group.jid)["title"] == name
    groups.assert_is(api, people.owner, group, everybody)


def test_the_same_name_again_is_fine(api, people, group):
    for _ in range(2):
        assert groups.rename(api, people.owner, group, group.name).json() == group._asdict()
    assert group in groups.listed(api, people.owner)


@pytest.mark.parametrize("by", ["owner", "admin"])
def test_a_deleted_group_is_gone_for_everybody(api, people, group, by):
    groups.assert_deleted(groups.delete(api, getattr(people, by), group))
    groups.assert_nothing_known(api, people, group)
    assert ejabberd_admin.affiliations(group.jid) == {}


def test_a_deleted_group_stays_gone_whatever_is_asked_of_it(api, people, group):
    groups.assert_deleted(groups.delete(api, people.owner, group))
    owner, jid = people.owner, people.member.jid
    groups.assert_gone(groups.delete(api, owner, group))
    groups.assert_gone(groups.rename(api, owner, group, "Back"))
    groups.assert_gone(groups.add(api, owner, group, jid))
    groups.assert_gone(groups.remove(api, owner, group, jid))
    groups.assert_gone(groups.remove(api, owner, group, owner.jid))
    groups.assert_gone(groups.set_role(api, owner, group, jid, "admin"))
    groups.assert_nothing_known(api, people, group)


def test_who_is_in_the_room_sees_it_end_and_cannot_come_back(api, people, group):
    with xmpp_client.Session(people.member.username, people.member.password) as session:
        room = Room(session, group.jid).join()
        groups.assert_deleted(groups.delete(api, people.owner, group))
        wait.until(room.destroyed, SEEN_SECONDS, "the room is no more")
        groups.assert_no_room(group)
        for attempt in (room.join, room.subscribe, room.archive):
            with pytest.raises(Refused):
                attempt()


def test_everybody_is_listed_his_own_groups_and_no_others(api):
    first, second, third = groups.accounts(api, "first", "second", "third")
    assert groups.listed(api, first) == set()
    shared = groups.with_roles(api, first, [second], [third])
    pair = groups.created(api, second, "Pair \U0001f46b", [first])
    alone = groups.created(api, third, "Alone")
    assert groups.listed(api, first) == {shared, pair}
    assert groups.listed(api, second) == {shared, pair}
    assert groups.listed(api, third) == {shared, alone}


def test_the_list_is_there_for_who_has_never_been_online_and_on_a_new_server(api):
    owner, member = groups.accounts(api, "owner", "member")
    made = {groups.created(api, owner, f"Group {number}", [member]) for number in range(3)}
    with api_process.ApiProcess() as another:
        assert groups.listed(another, member) == groups.listed(another, owner) == made
