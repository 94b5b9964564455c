"""What there really is, read from where it is kept: PostgreSQL, ejabberd's database, and ejabberd itself."""

import asyncio
import collections

from kept import until
from support import account_state, database, ejabberd_admin, stack

SETTLED_SECONDS = 120
PENDING = "SELECT (SELECT count(*) FROM account_operations), (SELECT count(*) FROM group_operations WHERE kind <> 'adopt')"


def _rows(sql, **where):
    return asyncio.to_thread(database.rows, sql, **where)


async def settled():
    """Nothing is under way any more: the reconcilers have finished or undone what was interrupted."""

    async def nothing_pending():
        code, rows, _ = await asyncio.to_thread(database.attempt, PENDING)
        return code == 0 and rows == [["0", "0"]]

    await until(nothing_pending, SETTLED_SECONDS, "interrupted operations are settled")


class Accounts:
    """Who has an account in our tables, in the SIP server's, and in ejabberd's, by username."""

    async def read(self):
        suffix = f"@{stack.DOMAIN}"
        rows = await _rows("SELECT jid FROM accounts WHERE state = 'active'")
        self.active = {jid.removesuffix(suffix) for (jid,) in rows}
        self.digests = {name: digests for name, *digests in await _rows("SELECT username, ha1, ha1b FROM subscriber")}
        self.xmpp = {name for (name,) in await _rows("SELECT username FROM users", role="ejabberd", database="ejabberd")}
        self.xmpp.discard("veil-api")
        return self

    def halves(self):
        """Usernames that are in some systems and not in all of them."""
        systems = self.active, set(self.digests), self.xmpp
        return sorted(set.union(*systems) - set.intersection(*systems))

    def everywhere(self, username):
        return username in self.active and username in self.digests and username in self.xmpp

    def has_digests_of(self, username, password):
        return tuple(self.digests[username]) == account_state.digests(username, password)[:2]


async def xmpp_password_is(username, password):
    return await asyncio.to_thread(
        ejabberd_admin.call, "check_password", user=username, host=stack.DOMAIN, password=password
    ) == 0  # fmt: skip


async def registrations():
    """Push token by device id, by JID."""
    found = collections.defaultdict(dict)
    for jid, device_id, push_token in await _rows("SELECT jid, device_id, push_token FROM push_registrations"):
        found[jid][device_id] = push_token
    return found


class Groups:
    """Our tables and ejabberd's rooms."""

    async def read(self):
        self.names = dict(await _rows("SELECT group_id, name FROM groups WHERE state = 'active'"))
        self.others = await _rows("SELECT group_id, state FROM groups WHERE state <> 'active'")
        self.members = collections.defaultdict(dict)
        for group_id, jid, role in await _rows("SELECT group_id, jid, affiliation FROM group_members"):
            self.members[group_id][jid] = role
        rooms = await _rows("SELECT name FROM muc_room", role="ejabberd", database="ejabberd")
        self.rooms = {name for (name,) in rooms}
        return self

    async def room_differs(self, group_id):
        """What the room enforces, when it is not what our tables say."""
        room = f"{group_id}@{ejabberd_admin.SERVICE}"
        roles = await asyncio.to_thread(ejabberd_admin.affiliations, room)
        roles = {jid: role for jid, role in roles.items() if role != "outcast"}
        subscribers = await asyncio.to_thread(ejabberd_admin.subscribers, room)
        members = self.members[group_id]
        if roles == members and subscribers == set(members):
            return None
        return f"group {group_id}: tables {members}, room {roles}, subscribers {sorted(subscribers)}"
