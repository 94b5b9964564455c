"""Some people with one source of requests between them: nobody else changes their accounts, devices and groups, so that
what they were told is the whole truth about these."""

import asyncio

from asking import UNKNOWN, Asking
from group_habits import GroupHabits
from ledger import Account
from support import push, rest, secrets

REVOKED = "Token has been revoked"
SMALL, MANY = 2, 5  # other people than the head of the household
DEVICES = 3

# How often each is done, out of their sum.
HABITS = {
    "join": 8,
    "sign_in": 10,
    "add_device": 18,
    "remove_device": 8,
    "make_group": 5,
    "add_member": 12,
    "remove_member": 6,
    "leave_group": 5,
    "rename_group": 3,
    "end_group": 2,
    "log_out": 6,
    "change_password": 5,
    "delete_account": 4,
    "call": 8,
    "look_at_devices": 6,
    "look_at_groups": 6,
}


class Household(GroupHabits):
    """The head is never deleted and keeps the password; it owns the groups."""

    def __init__(self, port, ledger, random, pause):
        self.ledger, self.random, self._pause = ledger, random, pause
        self.asking = Asking(port, ledger, random)
        self.head, self.others, self.groups = None, [], []

    async def live(self, over):
        """Until over() is true."""
        try:
            while not over():
                if self.head is None:
                    self.head = await self.new_account("head")
                else:
                    await getattr(self, self.random.choices([*HABITS], [*HABITS.values()])[0])()
                await asyncio.sleep(self.random.expovariate(1 / self._pause))
        finally:
            self.asking.close()

    def somebody(self):
        return self.random.choice([self.head, *self.others])

    async def token(self, account):
        """One that counts, or None."""
        good = account.good_tokens()
        if good:
            return self.random.choice(good)
        return await self.login(account)

    # accounts

    async def new_account(self, prefix):
        """None when it is not certain that there is one."""
        account = Account(rest.new_name(prefix), secrets.password())
        (password,) = account.tried
        self.ledger.accounts.append(account)

        def take(answer):
            if answer is UNKNOWN:
                account.registered(password, False)
            elif answer.status == 201:
                account.registered(password, True)
                account.signed_in(answer.json()["token"])
            else:
                self.asking.lie("register a name that nobody else has", answer)

        credentials = {"username": account.username, "password": password}
        await self.asking.insist(take, "register", "POST", "/account/register", credentials)
        return account if account.here else None

    async def join(self):
        if len(self.others) < MANY:
            account = await self.new_account("other")
            if account:
                self.others.append(account)

    async def login(self, account):
        credentials = {"username": account.username, "password": account.password}
        answer = await self.asking.once("login", "POST", "/account/login", credentials)
        if answer is UNKNOWN:
            return None
        if answer.status != 200:
            return self.asking.lie("login with the right password", answer)
        account.signed_in(answer.json()["token"])
        return answer.json()["token"]

    async def sign_in(self):
        await self.login(self.somebody())

    async def log_out(self):
        account = self.somebody()
        if len(account.good_tokens()) < 2:
            return
        token = self.random.choice(account.good_tokens())

        def take(answer):
            repeated = account.tokens[token] != {True}
            account.logged_out(token, answer is not UNKNOWN)
            if answer is not UNKNOWN and answer.status != 200 and not (repeated and answer.detail == REVOKED):
                self.asking.lie("log out", answer)

        await self.asking.insist(take, "logout", "POST", "/account/logout", token=token)

    async def change_password(self):
        account, token = await self._one_to_lose()
        if account is None:
            return
        old, new = account.password, secrets.password()

        def take(answer):
            if answer is UNKNOWN:
                account.password_changed(new, False)
            elif answer.status == 200:
                account.password_changed(new, True)
                account.signed_in(answer.json()["token"])
            elif account.here:  # nothing was asked before: there is no reason to refuse
                self.asking.lie("change the password", answer)

        body = {"old_password": old, "new_password": new}
        await self.asking.insist(take, "password", "POST", "/account/password", body, token)
        self._keep_if_certain(account)

    async def delete_account(self):
        account, token = await self._one_to_lose()
        if account is None:
            return

        def take(answer):
            if answer is UNKNOWN or answer.status == 200:
                self._forget(account, answer is not UNKNOWN)
            elif account.here:
                self.asking.lie("delete an account", answer)

        body = {"jid": account.jid, "password": account.password}
        await self.asking.insist(take, "delete account", "DELETE", "/account", body, token)
        self._keep_if_certain(account)

    async def _one_to_lose(self):
        """Somebody whose account may come into doubt, with a good token."""
        if len(self.others) < SMALL:
            return None, None
        account = self.random.choice(self.others)
        token = await self.token(account)
        return (account, token) if token else (None, None)

    def _forget(self, account, acknowledged):
        account.deleted(acknowledged)
        for group in self.ledger.groups:
            if account.jid in group.roles:
                group.role(account.jid, None, acknowledged)

    def _keep_if_certain(self, account):
        if not account.here:
            self.others.remove(account)

    # devices and calls

    async def add_device(self):
        account = self.somebody()
        token = await self.token(account)
        if token is None:
            return
        device = push.Device("ok-", self.random.choice(("ios", "android")))
        device.device_id = f"device-{self.random.randrange(DEVICES)}"

        def take(answer):
            account.device(device.device_id, device.push_token, answer is not UNKNOWN)
            if answer is not UNKNOWN and answer.status != 200:
                self.asking.lie("register a device", answer)

        body = push.registration_body(account, device)
        await self.asking.insist(take, "register device", "POST", "/push/register", body, token)

    async def remove_device(self):
        account = self.somebody()
        if not account.certain_devices():
            return
        device_id, token = self.random.choice([*account.certain_devices()]), await self.token(account)
        if token is None:
            return

        def take(answer):
            missed = answer is not UNKNOWN and answer.status == 404
            if missed and None not in account.devices[device_id]:
                self.asking.lie("remove a device", answer)
            account.device(device_id, None, answer is not UNKNOWN)

        body = {"jid": account.jid, "device_id": device_id}
        await self.asking.insist(take, "deregister device", "DELETE", "/push/register", body, token)

    async def call(self):
        callee = self.somebody()
        body = push.call_body(callee)
        headers = [f"X-Webhook-Secret: {push.SECRET}"]
        answer = await self.asking.once("call", "POST", "/push/call-notify", body, headers=headers)
        if answer is UNKNOWN:
            return
        if answer.status != 200 or (callee.certain_devices() and answer.json()["status"] == "no_registrations"):
            self.asking.lie(f"call somebody with {len(callee.certain_devices())} devices", answer)
        else:
            self.ledger.calls[body["call_id"]] = answer.json()["sent"]

    async def look_at_devices(self):
        """What was acknowledged is there at once, whichever server is asked."""
        account = self.somebody()
        token = await self.token(account)
        answer = token and await self.asking.once("list devices", "GET", "/push/devices", token=token)
        if not answer or answer is UNKNOWN:
            return
        shown = {entry["device_id"] for entry in answer.json()["devices"]} if answer.status == 200 else None
        gone = {name for name, tokens in account.devices.items() if tokens == {None}}
        if shown is None or account.certain_devices().keys() - shown or gone & shown:
            self.asking.lie("list devices", answer)
