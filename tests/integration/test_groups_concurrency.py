"""Many changes of one group at the same moment, by several admins and on two servers: one membership everywhere."""

import itertools

import pytest

from support import api_process, ejabberd_admin, groups, raw_http, wait
from support.concurrency import together
from support.group_fixtures import everybody, group, people

AT_ONCE = 50
SERVED_SECONDS = 60
ROUNDS = 5


@pytest.fixture(scope="module")
def second():
    with api_process.ApiProcess() as process:
        yield process
        process.stop()


@pytest.fixture(scope="module")
def crowd(api):
    return groups.accounts(api, *["crowd"] * 10)


@pytest.fixture
def managed(api, people):
    """A group with an owner and three admins."""
    admins = [people.admin, people.member, people.stranger]
    return groups.with_roles(api, people.owner, admins)


def served(change, *arguments):
    """The answer of a server that has room for it: a busy one says 503, or that it waited too long for the changes before
    this one, and it can be asked again."""
    answers = []

    def answered():
        answers.append(change(*arguments))
        return answers[-1].status != 503 and groups.UNAVAILABLE not in str(answers[-1].body)

    wait.until(answered, SERVED_SECONDS, "an answer of a server that is not busy")
    return answers[-1]


def calls(servers, people, group, changes):
    """One call a change, by all who may and over all servers in turn."""
    turns = zip(itertools.cycle(servers), itertools.cycle(people), changes)
    return [lambda at=at, by=by, change=change, jid=jid: served(change, at, by, group, jid) for at, by, (change, jid) in turns]


def assert_agreed(servers, people, group):
    found = [groups.members(api, people.owner, group) for api in servers]
    assert all(each == found[0] for each in found)
    assert groups.in_xmpp(group) == (found[0], set(found[0]))
    return found[0]


@pytest.mark.parametrize("processes", [1, 2])
def test_all_who_are_added_at_once_are_in_and_all_removed_at_once_are_out(api, second, people, crowd, managed, processes):
    servers = [api, second][:processes]
    jids = [account.jid for account in crowd] * (AT_ONCE // len(crowd))
    before = groups.members(api, people.owner, managed)
    for answer in together(calls(servers, people, managed, [(groups.add, jid) for jid in jids])):
        groups.assert_ok(answer)
    assert assert_agreed(servers, people, managed) == before | groups.roles(member=crowd)
    for answer in together(calls(servers, people, managed, [(groups.remove, jid) for jid in jids])):
        groups.assert_ok(answer)
    assert assert_agreed(servers, people, managed) == before


@pytest.mark.parametrize("processes", [1, 2])
def test_adding_and_removing_at_once_leaves_one_membership(api, second, people, crowd, managed, processes):
    servers = [api, second][:processes]
    changes = [(change, account.jid) for account in crowd for change in (groups.add, groups.remove)]
    for answer in together(calls(servers, people, managed, (changes * 3)[:AT_ONCE])):
        groups.assert_ok(answer)
    found = assert_agreed(servers, people, managed)
    for account in crowd:
        inside = account.jid in found
        assert (managed in groups.listed(second, account)) == inside
        assert (managed.jid in ejabberd_admin.subscriptions(account.username)) == inside


def test_of_two_last_owners_only_one_can_leave(api, second, people):
    heir = people.admin
    for _ in range(ROUNDS):
        group = groups.created(api, people.owner, members=[heir, people.member])
        groups.assert_ok(groups.set_role(api, people.owner, group, heir.jid, "owner"))
        answers = together(
            [
                lambda: groups.remove(api, people.owner, group, people.owner.jid),
                lambda: groups.remove(second, heir, group, heir.jid),
            ]
        )
        assert sorted(answer.status for answer in answers) == [200, 409], answers
        (left,) = [answer for answer in answers if answer.status == 409]
        raw_http.assert_error(left, 409, groups.LAST_OWNER)
        stays = heir if answers[0].status == 200 else people.owner
        groups.assert_is(api, stays, group, groups.roles([stays], member=[people.member]))


def test_two_owners_who_remove_each_other_leave_one(api, second, people):
    heir = people.admin
    for _ in range(ROUNDS):
        group = groups.created(api, people.owner, members=[heir, people.member])
        groups.assert_ok(groups.set_role(api, people.owner, group, heir.jid, "owner"))
        answers = together(
            [
                lambda: groups.remove(api, people.owner, group, heir.jid),
                lambda: groups.set_role(second, heir, group, people.owner.jid, "member"),
            ]
        )
        assert 200 in {answer.status for answer in answers}, answers
        found = groups.agreed(api, people.member, group)
        assert found is not None and "owner" in found.values(), (found, answers)


def test_who_is_added_while_the_last_one_leaves_is_in_a_group_or_in_none(api, second, people):
    for _ in range(ROUNDS):
        group = groups.created(api, people.owner)
        added, left = together(
            [
                lambda: groups.add(api, people.owner, group, people.member.jid),
                lambda: groups.remove(second, people.owner, group, people.owner.jid),
            ]
        )
        assert (added.status, left.status) in ((200, 409), (404, 200)), (added, left)
        if left.status == 200:
            groups.assert_nothing_known(api, people, group)
        else:
            groups.assert_is(api, people.member, group, groups.roles([people.owner], member=[people.member]))


def test_a_group_deleted_while_it_is_changed_is_gone_everywhere(api, second, people, crowd):
    group = groups.with_roles(api, people.owner, [people.admin], [people.member])
    changes = [(groups.add, account.jid) for account in crowd] + [(groups.remove, people.member.jid)]
    deleted, *others = together(
        [lambda: groups.delete(second, people.owner, group), *calls([api, second], people[:2], group, changes)]
    )
    groups.assert_deleted(deleted)
    assert {answer.status for answer in others} <= {200, 404}, others
    groups.assert_nothing_known(api, [*people, *crowd], group)


def test_many_groups_made_at_once_are_all_whole(api, second, people, crowd):
    makers = [(at, account) for account in crowd for at in (api, second)]
    jids = [people.member.jid]
    answers = together([lambda at=at, by=by: groups.create(at, by, "At once", jids) for at, by in makers])
    for (_, account), answer in zip(makers, answers, strict=True):
        group = groups.assert_created(answer, "At once")
        groups.assert_is(second, account, group, groups.roles([account], member=[people.member]))


def test_of_many_names_at_once_all_see_the_same(api, second, people, group):
    names = [f"Name {number}" for number in range(10)]
    at_once = [
        lambda at=at, by=by, name=name: groups.rename(at, by, group, name)
        for at, by, name in zip(itertools.cycle([api, second]), itertools.cycle(people[:2]), names)
    ]
    assert {answer.status for answer in together(at_once)} == {200}
    title = ejabberd_admin.options(group.jid)["title"]
    assert title in names
    for at in (api, second):
        assert group._replace(name=title) in groups.listed(at, people.member)


def test_a_role_changed_at_once_by_two_is_one_of_the_two(api, second, people, group, everybody):
    groups.assert_ok(groups.set_role(api, people.owner, group, people.admin.jid, "owner"))
    for _ in range(ROUNDS):
        answers = together(
            [
                lambda: groups.set_role(api, people.owner, group, people.member.jid, "admin"),
                lambda: groups.set_role(second, people.admin, group, people.member.jid, "member"),
            ]
        )
        assert [answer.status for answer in answers] == [200, 200], answers
        found = groups.agreed(api, people.owner, group)
        base = everybody | groups.roles([people.admin])
        assert found in (base, base | {people.member.jid: "admin"})
