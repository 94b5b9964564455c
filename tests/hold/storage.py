"""A database that may only be read, and one whose disk is full: writes are refused with a clear 503, reads and TURN go on,
and everything works again without a restart of the server."""

import asyncio
import contextlib
import os
import subprocess
import time

from api import Api
from client import Client, Unanswered
from faults import database_answers
from kept import until
from person import Person, ready, together
from support import account_state, database, push, rest, secrets

ANSWER_SECONDS = 8
NOTICE_SECONDS = 15
RECOVERY_SECONDS = 60
DEVICES = 15
BIG_TOKEN = 3000  # bytes that do not compress well: some of them need new pages
MOST_WRITES = 600
AT_ONCE = 6
TRIES = 10
LOG_FILES = 20  # more than PostgreSQL keeps in reserve
UNAVAILABLE = (502, 503)  # the contract gives registration and login a 502 of their own


class User:
    """Somebody who goes on using the service, what the service acknowledged, and somebody else for writes that may cost the
    account."""

    def __init__(self, port, person, other):
        self.port, self.person, self.other, self.kept = port, person, other, {}
        self.possible = {other.password}

    async def ask(self, *request, **more):
        client = Client(self.port)
        try:
            return await client.request(*request, **more, seconds=ANSWER_SECONDS)
        finally:
            client.close()

    async def register_device(self, number, size=24):
        device = push.android()
        device.device_id, device.push_token = f"device-{number % DEVICES}", "ok-x" + os.urandom(size // 2).hex()
        body = push.registration_body(self.person, device)
        answer = await self.ask("POST", "/push/register", body, token=self.person.token)
        if answer.status == 200:
            self.kept[device.device_id] = device.push_token
        else:
            self.kept.pop(device.device_id, None)  # its old or its new token: not known
        return answer

    async def register(self):
        username, password = rest.new_name("late"), secrets.password()
        answer = await self.ask("POST", "/account/register", {"username": username, "password": password})
        return answer, username, password

    async def writes(self):
        """Answers to all kinds of writes."""
        change = {"old_password": self.other.password, "new_password": secrets.password()}
        self.possible.add(change["new_password"])
        token = self.other.token
        return await together([
            self.register_device(0),
            self.ask("POST", "/groups", {"name": "A group", "member_jids": []}, token=token),
            self.ask("POST", "/account/register", {"username": rest.new_name(), "password": secrets.password()}),
            self.ask("POST", "/account/password", change, token=token),
            self.ask("POST", "/account/logout", token=token),
        ])  # fmt: skip

    async def outside(self):
        """What needs no database."""
        return [
            await self.ask("GET", "/turn/credentials", token=self.person.token),
            await self.ask("GET", "/server/info"),
            await self.ask("GET", "/healthz", prefix=""),
        ]

    async def reads(self):
        login = {"username": self.person.username, "password": self.person.password}
        return [
            *await self.outside(),
            await self.ask("GET", "/push/devices", token=self.person.token),
            await self.ask("GET", "/groups", token=self.person.token),
            await self.ask("POST", "/account/login", login),
        ]


def clear(answers):
    """Whether every answer says in JSON that the service is not available now."""
    return all(answer.status in UNAVAILABLE and answer.detail for answer in answers)


def statuses(answers):
    return " ".join(str(answer.status) for answer in answers)


def all_good(answers):
    return all(answer.status == 200 for answer in answers)


class Trouble:
    """What is checked in every kind of trouble with the database."""

    def __init__(self, report, name, api, user):
        self.report, self.name, self.api, self.user = report, name, api, user
        self._pid = api.pid

    def check(self, title, holds, answers):
        self.report.check(f"{self.name}: {title}", holds, statuses(answers))

    async def check_reads(self):
        answers = await self.user.reads()
        self.check("reads, logins and TURN go on", all_good(answers), answers)

    async def check_recovery(self):
        begin = time.monotonic()

        async def writes_again():
            try:
                return (await self.user.register_device(1)).status == 200
            except Unanswered:
                return False

        await until(writes_again, RECOVERY_SECONDS, f"{self.name}: writes work again")
        seconds = time.monotonic() - begin
        await ready(self.user.port)
        same = self.api.pid == self._pid
        self.report.check(f"{self.name}: all works again without a restart", same, f"after {seconds:.1f} s")
        answer, username, password = await self.user.register()
        assert answer.status == 201, answer
        whole = await asyncio.to_thread(account_state.is_whole, self.api, username, password)
        self.report.check(f"{self.name}: a new account is whole afterwards", whole)
        await self.check_kept()

    async def check_kept(self):
        rows = await asyncio.to_thread(push.registrations, self.user.person)
        there = {row.device_id: row.push_token for row in rows}
        lost = [name for name, token in self.user.kept.items() if there.get(name) != token]
        self.report.none_of(f"{self.name}: no acknowledged write is lost", lost)
        other = self.user.other.username, *self.user.possible

        async def one_password():
            return await asyncio.to_thread(account_state.whole_with, self.api, *other)

        await until(one_password, RECOVERY_SECONDS, f"{self.name}: an interrupted change leaves one password")


async def read_only(report, api, user):
    trouble = Trouble(report, "read-only database", api, user)
    database.configure("SET default_transaction_read_only = on")
    try:

        async def refused():
            return (await user.register_device(2)).status == 503

        await until(refused, NOTICE_SECONDS, "a write is refused")
        answers = await user.writes()
        trouble.check("every write is refused clearly", clear(answers), answers)
        await trouble.check_reads()
    finally:
        database.configure("RESET default_transaction_read_only")
    await trouble.check_recovery()


class Disk:
    """The disk that scripts/hold.sh made for PostgreSQL."""

    def __init__(self, path, size):
        self._path, self._size = path, f"{size}m"

    def _resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self._path], check=True, timeout=30)

    def fill(self):
        """No byte is free any more: it is no larger than what is on it."""
        for _ in range(TRIES):  # the database may have written a page more meanwhile
            state = os.statvfs(self._path)
            with contextlib.suppress(subprocess.CalledProcessError):
                return self._resize((state.f_blocks - state.f_bfree) * state.f_frsize)
        raise AssertionError("the disk could not be filled")

    def free(self):
        self._resize(self._size)


async def write_until_refused(user):
    """How many writes a full disk still takes, in pages that are there already, and all answers after that."""
    for number in range(MOST_WRITES):
        answer = await user.register_device(number, BIG_TOKEN)
        if answer.status != 200:
            return number, [answer, *[await user.register_device(number + more, BIG_TOKEN) for more in range(AT_ONCE)]]
    raise AssertionError(f"a full disk took {MOST_WRITES} writes")


def lose_log():
    """The database has to begin a new file of its log, for which there is no room: it goes down."""
    with contextlib.suppress(subprocess.CalledProcessError):
        for _ in range(LOG_FILES):
            database.superuser("SELECT pg_logical_emit_message(true, 'hold', 'x'), pg_switch_wal()")


async def full_disk(report, api, user, disk):
    trouble = Trouble(report, "full disk", api, user)
    disk.fill()
    try:
        taken, answers = await write_until_refused(user)
        report.row("writes that a full disk still took", taken)
        trouble.check("writes that need room are refused clearly", clear(answers), answers)
        await trouble.check_reads()
        answers = await user.writes()
        sound = all(answer.status in (200, 201) or clear([answer]) for answer in answers)
        trouble.check("others are carried out or refused clearly", sound, answers)
    finally:
        disk.free()
    await trouble.check_recovery()


async def no_room_for_the_log(report, api, user, disk):
    trouble = Trouble(report, "no room for the database's log", api, user)
    disk.fill()
    try:
        await asyncio.to_thread(lose_log)

        async def down():
            return not await database_answers()

        await until(down, NOTICE_SECONDS, "the database is down")
        answers = [await user.register_device(number) for number in range(AT_ONCE)]
        trouble.check("every write is refused clearly", clear(answers), answers)
        answers = await user.outside()
        trouble.check("TURN goes on", all_good(answers), answers)
    finally:
        disk.free()
    await trouble.check_recovery()


async def user_of(api):
    return User(api.port, await Person.register(api.port), await Person.register(api.port))


async def run(report, _, __):
    report.say("a database that may only be read, and a full disk")
    troubles = 1
    async with Api("storage", API_PORT=0) as api:
        await ready(api.port)
        await read_only(report, api, await user_of(api))
        if os.environ.get("HOLD_DISK"):
            disk = Disk(os.environ["HOLD_DISK"], os.environ["HOLD_DISK_MB"])
            await full_disk(report, api, await user_of(api), disk)
            await no_room_for_the_log(report, api, await user_of(api), disk)
            troubles += 2
        else:
            report.did_not_run("full disk", "a small disk for PostgreSQL cannot be mounted here, not even in a namespace")
        report.none_of("storage: no log has a secret or an address in it", api.leaks())
    report.row("faults injected (storage)", troubles)
