"""Compares what was acknowledged with what there is: a lost write is one that was acknowledged and is not there; a half account
or group is one that is not the same in all systems."""

import asyncio
import time

import found
from client import Client, Unanswered
from person import together
from support import xmpp_client

REVOKED = (401, "Token has been revoked")
XMPP_LOGINS = 6  # real ones, of each kind; passwords are checked for everybody
PROBES = 64
AT_ONCE = 24
SERVED_SECONDS = 30
BUSY_PAUSE_SECONDS = 0.2  # a server that refuses at once frees places within a quarter of a second


class Verifier:
    def __init__(self, ledger, apis, port, random):
        self.ledger, self.apis, self.port, self.random = ledger, apis, port, random
        self.lost, self.half = [], []
        self.checked = 0

    async def all(self):
        await found.settled()
        await self.accounts()
        await self.devices()
        await self.groups()
        await self.tokens()

    async def _ask(self, client, *request, **more):
        """Nothing is being killed any more: everything is answered, later by a server that is too busy to do it now."""
        until = time.monotonic() + SERVED_SECONDS
        while True:
            try:
                answer = await client.request(*request, **more)
            except Unanswered:  # the server may have closed an idle connection
                answer = await client.request(*request, **more)
            if answer.status != 503 or time.monotonic() > until:
                return answer
            await asyncio.sleep(BUSY_PAUSE_SECONDS)

    # accounts

    async def accounts(self):
        there = await found.Accounts().read()
        self.half += [f"account {name} is not in all systems" for name in there.halves()]
        await together([self._account(there, account) for account in self.ledger.accounts], AT_ONCE)
        await self._xmpp_logins(there)

    async def _account(self, there, account):
        self.checked += 1
        if not there.everywhere(account.username):
            if None not in account.passwords:
                self.lost.append(f"account {account.username}")
            await self._refuses(account, account.tried)
            return
        if account.passwords == {None}:
            self.lost.append(f"deletion of account {account.username}")
            return
        fitting = [word for word in account.passwords if word and there.has_digests_of(account.username, word)]
        if not fitting:
            self.lost.append(f"password of {account.username}: the SIP server has another one")
            return
        if not await found.xmpp_password_is(account.username, fitting[0]):
            self.half.append(f"account {account.username}: SIP and XMPP have different passwords")
        await self._signs_in(account, fitting[0])
        await self._refuses(account, account.tried - {fitting[0]})

    async def _login(self, account, password):
        client = Client(self.port)
        try:
            credentials = {"username": account.username, "password": password}
            return await self._ask(client, "POST", "/account/login", credentials)
        finally:
            client.close()

    async def _signs_in(self, account, password):
        answer = await self._login(account, password)
        if answer.status != 200:
            self.half.append(f"account {account.username}: REST says {answer}")
        account.passwords = {password}

    async def _refuses(self, account, passwords):
        for password in passwords:
            answer = await self._login(account, password)
            if answer.status != 401:
                self.half.append(f"account {account.username}: another password is answered with {answer.status}")

    async def _xmpp_logins(self, there):
        """Some of those that are there, and some that are gone."""
        here = [account for account in self.ledger.accounts if account.here and there.everywhere(account.username)]
        gone = [account for account in self.ledger.accounts if account.passwords == {None}]
        for accounts, expected in ((here, True), (gone, False)):
            for account in self.random.sample(accounts, min(XMPP_LOGINS, len(accounts))):
                password = account.password or next(iter(account.tried))
                if await asyncio.to_thread(xmpp_client.can_log_in, account.username, password) != expected:
                    self.half.append(f"account {account.username}: XMPP login is {'refused' if expected else 'possible'}")

    # devices

    async def devices(self):
        there = await found.registrations()
        owners = {account.jid for account in self.ledger.accounts}
        self.half += [f"registrations of {jid}, which nobody made" for jid in there if jid not in owners]
        for account in self.ledger.accounts:
            for device_id, possible in account.devices.items():
                self.checked += 1
                if there[account.jid].get(device_id) not in possible:
                    self.lost.append(f"registration {device_id} of {account.username}")

    # groups

    async def groups(self):
        there = await found.Groups().read()
        self.half += [f"group {group_id} stays {state}" for group_id, state in there.others]
        self.half += [f"room {name} without a group" for name in there.rooms - there.names.keys()]
        self.half += [f"group {group_id} without a room" for group_id in there.names.keys() - there.rooms]
        for group in self.ledger.groups:
            self._group(there, group)
        differences = await together([there.room_differs(group_id) for group_id in there.names.keys() & there.rooms])
        self.half += [difference for difference in differences if difference]

    def _group(self, there, group):
        self.checked += 1 + len(group.roles)
        if (group.group_id in there.names) not in group.there:
            self.lost.append(f"group {group.group_id}" if group.there == {True} else f"deletion of group {group.group_id}")
        if group.group_id not in there.names or group.there == {False}:
            return
        if there.names[group.group_id] not in group.names:
            self.lost.append(f"name of group {group.group_id}")
        members = there.members[group.group_id]
        for jid, possible in group.roles.items():
            if members.get(jid) not in possible:
                self.lost.append(f"{jid} in group {group.group_id}: {members.get(jid)}, told {possible}")
        if members.keys() - group.roles.keys():
            self.half.append(f"group {group.group_id} has members whom nobody added")

    # tokens

    async def tokens(self):
        """Every server is asked about every token."""
        asked = await together([self._server_tokens(api) for api in self.apis])
        assert all(asked)

    async def _server_tokens(self, api):
        client = await self._client_of(api)
        for account in self.ledger.accounts:
            for token, possible in account.tokens.items():
                if len(possible) != 1:
                    continue
                self.checked += 1
                answer = await client.request("GET", "/turn/credentials", token=token)
                if possible == {False} and (answer.status, answer.detail) != REVOKED:
                    self.lost.append(f"revocation of a token of {account.username} at {api.service}: {answer}")
                if possible == {True} and account.here and answer.status != 200:
                    self.lost.append(f"token of {account.username} at {api.service}: {answer}")
        client.close()
        return True

    async def _client_of(self, api):
        """A connection that this server got: its log says who was asked."""
        for number in range(PROBES):
            client, mark = Client(self.port), f"{api.service}-probe-{number}"
            await client.request("GET", "/server/info", headers=[f"X-Request-Id: {mark}"])
            if f'"{mark}"' in api.log():
                return client
            client.close()
        raise AssertionError(f"{api.service} got none of {PROBES} connections")

    def calls(self, fake):
        """Every call of which the server said that pushes were taken was really sent to so many devices."""
        taken = {}
        for push in fake.pushes(status=200, kind="call"):
            taken[push.call_id] = taken.get(push.call_id, 0) + 1
        self.checked += len(self.ledger.calls)
        short = [call for call, sent in self.ledger.calls.items() if taken.get(call, 0) < sent]
        self.lost += [f"pushes of call {call}" for call in short]
