"""The wall clock of the server jumps by an hour, forward and back, while PostgreSQL's does not: tokens keep their rules,
nobody is locked out, nothing that was revoked counts again, and what is timed by the steady clock does not notice."""

import asyncio
import contextlib
import glob
import time

from api import Api
from client import Client
from kept import until
from person import Person, ready
from support import raw_http, secrets, stack, tokens

(FAKETIME,) = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
HOUR = 3600
TTL = 86400
NEAR_SECONDS = 10
NOTICE_SECONDS = 15
WATCH_SECONDS = 2
BUSY_SHARE = 0.4  # of one core, over WATCH_SECONDS, with nothing to do
HEAD_SECONDS = (9, 16)  # a half-sent head is given 10 s, and the machine some time
REVOKED, EXPIRED, INVALID = "Token has been revoked", "Token has expired", "Invalid token"
HALF = "GET /api/v1/server/info HTTP/1.1\r\nHost: x\r\n"


class Clock:
    """The wall clock of one server, as an offset in a file that libfaketime reads."""

    def __init__(self):
        self._file = stack.STATE / "run/clock-offset"
        self.set(0)

    def set(self, offset):
        self.offset = offset
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{offset:+d}\n")
        draft.rename(self._file)

    def before(self):
        """What is put in front of the server's command. The steady clock stays what it is, as when a real clock is set."""
        return ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={self._file}", "FAKETIME_CACHE_DURATION=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1"]  # fmt: skip


class Server:
    """Requests on connections of their own, and on one that is kept open through all jumps."""

    def __init__(self, report, api, clock):
        self.report, self.api, self.clock = report, api, clock
        self.kept = Client(api.port)

    async def ask(self, *request, **more):
        client = Client(self.api.port)
        try:
            return await client.request(*request, **more)
        finally:
            client.close()

    async def is_worth(self, token):
        """200, or why the token is refused."""
        answer = await self.ask("GET", "/turn/credentials", token=token)
        return 200 if answer.status == 200 else answer.detail

    async def login(self, person):
        answer = await self.ask("POST", "/account/login", {"username": person.username, "password": person.password})
        return answer.json()["token"] if answer.status == 200 else str(answer)

    async def change_password(self, person, token):
        body = {"old_password": person.password, "new_password": secrets.password()}
        answer = await self.ask("POST", "/account/password", body, token=token)
        assert answer.status == 200, answer
        person.password = body["new_password"]
        return answer.json()["token"]

    async def jump(self, offset, witness):
        """Sets the clock; returns when the server shows the new time. TURN credentials name the time at which they end."""
        self.clock.set(offset)

        async def shows_it():
            answer = await self.ask("GET", "/turn/credentials", token=witness)
            if answer.status != 200:
                return False
            ends = int(answer.json()["username"].split(":")[0])
            return abs(ends - TTL - (time.time() + offset)) < NEAR_SECONDS

        await until(shows_it, NOTICE_SECONDS, f"the server's clock is {offset:+d} s off")

    async def check(self, title, **tokens_worth):
        """Keywords: what is expected of what was found, as pairs."""
        wrong = {name: pair for name, pair in tokens_worth.items() if pair[0] != pair[1]}
        self.report.check(f"clock {self.clock.offset / HOUR:+.0f} h: {title}", not wrong, wrong or "")

    async def check_timers(self):
        """Idle connections stay, and nothing runs in circles."""
        answer = await self.kept.request("GET", "/server/info")
        await self.check("an idle connection goes on", status=(answer.status, 200))
        before = self.api.cpu_seconds()
        await asyncio.sleep(WATCH_SECONDS)
        used = self.api.cpu_seconds() - before
        title = f"clock {self.clock.offset / HOUR:+.0f} h: a server with nothing to do does nothing"
        self.report.check(title, used < BUSY_SHARE * WATCH_SECONDS, f"{used:.2f} s of CPU in {WATCH_SECONDS} s")


def witness_token(person):
    """Accepted whatever the clock shows: as the old service's tokens, it has no time of issue."""
    return tokens.sign({"sub": person.jid, "exp": int(time.time()) + 10 * HOUR})


async def forward(server, person, witness):
    """What was issued stays good or ends by the clock; a password change revokes what was issued meanwhile."""
    short = tokens.sign({"sub": person.jid, "iat": int(time.time()), "exp": int(time.time()) + HOUR // 2})
    with raw_http.Wire(server.api.port) as half:
        half.send(HALF)
        await server.jump(HOUR, witness)
        half.send("\r\n")
        answer = await asyncio.to_thread(half.read)
    await server.check("a request that was under way is served", status=(answer and answer.status, 200))
    await server.check("tokens stay good, and end in time", before=(await server.is_worth(person.token), 200),
                       short=(await server.is_worth(short), EXPIRED))  # fmt: skip
    late = await Person.register(server.api.port)
    others = [await server.login(late), late.token]
    renewed = await server.change_password(late, others[0])
    worth = {f"old {number}": (await server.is_worth(token), REVOKED) for number, token in enumerate(others)}
    await server.check("a changed password revokes all earlier tokens", **worth)
    await server.check("and its own token is good", renewed=(await server.is_worth(renewed), 200))
    await server.check_timers()
    return short, late, [*others, renewed]


async def back(server, short, late, issued):
    """What was issued in the hour that did not happen never counts again after a change of password."""
    *old, renewed = issued
    await server.check("a token counts until its end", short=(await server.is_worth(short), 200))
    worth = {f"old {number}": (await server.is_worth(token) == 200, False) for number, token in enumerate(old)}
    await server.check("what was revoked stays revoked", **worth)
    again = await server.login(late)
    await server.check("who signs in again can go on", new=(await server.is_worth(again), 200))
    await server.change_password(late, again)
    worth = {f"old {number}": (await server.is_worth(token), REVOKED) for number, token in enumerate([renewed, again])}
    await server.check("and can revoke that too", **worth)
    await server.check_timers()


async def backward(server, person):
    """Tokens of the future are no tokens yet; whoever signs in anew gets one that counts at once."""
    await server.check("a token of the future is none", before=(await server.is_worth(person.token), INVALID))
    first = await server.login(person)
    await server.check("who signs in again can go on", new=(await server.is_worth(first), 200))
    renewed = await server.change_password(person, first)
    again = await server.login(person)
    await server.check("also after a change of password", renewed=(await server.is_worth(renewed), 200),
                       again=(await server.is_worth(again), 200), first=(await server.is_worth(first), REVOKED))  # fmt: skip
    await server.ask("POST", "/account/logout", token=again)
    await server.check("and out", again=(await server.is_worth(again), REVOKED))
    await server.check_timers()


async def half_a_head(port):
    """The seconds after which a head that does not end is answered, and how."""
    begin = time.monotonic()
    with raw_http.Wire(port) as wire:
        wire.send(HALF)
        answer = await asyncio.to_thread(wire.read)
    return time.monotonic() - begin, answer


async def run(report, _, __):
    report.say("the server's clock jumps by an hour")
    clock = Clock()
    async with Api("clock", before=clock.before(), API_PORT=0) as api:
        await ready(api.port)
        server = Server(report, api, clock)
        with contextlib.closing(server.kept):
            person, witness = await Person.register(api.port), await Person.register(api.port)
            await server.kept.request("GET", "/server/info")
            witness = witness_token(witness)
            left = await forward(server, person, witness)
            await server.jump(0, witness)
            await back(server, *left)
            waiting = asyncio.create_task(half_a_head(api.port))
            await server.jump(-HOUR, witness)
            await backward(server, person)
            seconds, answer = await waiting
            in_time = answer is not None and answer.status == 408 and HEAD_SECONDS[0] <= seconds <= HEAD_SECONDS[1]
            report.check("half a request is given its 10 s through a jump", in_time, f"{seconds:.1f} s, {answer}")
        report.none_of("clock: no log has a secret or an address in it", api.leaks())
    report.row("faults injected (clock)", "3 jumps of an hour")
