"""What was noted and cannot be done now: it holds up nothing else, and it does not wait for ever."""

from support import api_process, database, ejabberd_admin, groups, raw_http, relay, stack, wait
from support.ejabberd_proxy import refused, refused_but_done, unanswered, unheard
from support.group_fixtures import everybody, group, people
from support.proxy_fixtures import api, proxy

SETTLE_SECONDS = 30
QUICK_SECONDS = 20


def test_a_removal_whose_fate_is_unknown_is_finished(api, proxy, people, group):
    """ejabberd does it and says no, as without its database, and is out of reach when asked whether it has one."""
    with relay.Relay(proxy.port) as line, api_process.ApiProcess(**proxy.env(line.port)) as doubting:

        def told():
            return [asked for asked in proxy.seen("set_room_affiliation") if asked["name"] == group.group_id]

        before = told()

        def cut_behind_the_refusal(forward):
            if told() == before:
                return forward()  # somebody else's question
            line.cut()
            return None

        refusing = proxy.failing("set_room_affiliation", refused_but_done, times=None)
        with refusing, proxy.failing("stats", cut_behind_the_refusal, times=None):
            answer = groups.remove(doubting, people.owner, group, people.member.jid)
        raw_http.assert_error(answer, 502, groups.UNAVAILABLE)
        assert people.member.jid not in groups.members(doubting, people.owner, group)
        doubting.stop()
    groups.let_leases_end()
    wait.until(lambda: people.member.jid not in groups.in_xmpp(group)[1], SETTLE_SECONDS, "no message reaches him")


def note_addition(group, jid):
    """As if a server had died behind having noted an addition."""
    which = f"{database.quoted(group.group_id)}, {database.quoted(jid)}"
    database.rows(
        f"INSERT INTO group_members (group_id, jid, affiliation) VALUES ({which}, 'member'); "
        f"INSERT INTO group_operations (group_id, jid, kind, previous, lease_until) VALUES ({which}, 'member', 'none', now())"
    )


def test_what_cannot_succeed_holds_up_nothing_else(api, people, group, everybody):
    lost = groups.created(api, people.owner)
    name, service = lost.jid.split("@")
    ejabberd_admin.call("destroy_room", name=name, service=service)
    for number in range(20):
        note_addition(lost, f"nobody{number}@{stack.DOMAIN}")
    note_addition(group, people.stranger.jid)
    groups.wait_is(api, people.owner, group, everybody | groups.roles(member=[people.stranger]), QUICK_SECONDS)
    database.rows(f"DELETE FROM groups WHERE group_id = {database.quoted(lost.group_id)}")


def let_patience_end():
    """As if the reconciler had tried for ten minutes."""
    database.rows("UPDATE group_operations SET attempts = 40, lease_until = now()")


def test_what_ejabberd_never_takes_is_given_up_but_a_removal_is_not(api, proxy, people, group, everybody):
    with proxy.failing("set_room_affiliation", unanswered, times=None):
        promoted = groups.set_role(api, people.owner, group, people.member.jid, "admin")
        raw_http.assert_error(promoted, 502, groups.UNAVAILABLE)
    with proxy.failing("set_room_affiliation", refused, times=None):
        let_patience_end()
        wait.until(lambda: groups.members(api, people.owner, group) == everybody, SETTLE_SECONDS, "the role is given up")
    with proxy.failing("set_room_affiliation", unheard, times=None):
        groups.remove(api, people.owner, group, people.member.jid)
        let_patience_end()
    groups.let_leases_end()
    wait.until(lambda: people.member.jid not in groups.in_xmpp(group)[0], SETTLE_SECONDS, "the member is removed")
