"""kill -9 at random moments: each kind of process has a source of faults of its own, so that they also fall together."""

import asyncio
import collections
import time

from kept import Kept, until
from support import database, ejabberd_admin

BACK_SECONDS = 90


async def database_answers():
    return (await asyncio.to_thread(database.attempt, "SELECT 1"))[0] == 0


async def ejabberd_answers():
    try:
        status, _ = await asyncio.to_thread(ejabberd_admin.attempt, "stats", name="registeredusers")
    except (OSError, AssertionError, ValueError):
        return False
    return status == 200


class Faults:
    def __init__(self, random, pauses):
        self._random, self._pauses = random, pauses
        self.killed = collections.Counter()
        self.problems = []

    async def _pause(self, end):
        seconds = self._random.uniform(*self._pauses)
        if time.monotonic() + seconds >= end:
            await asyncio.sleep(max(0, end - time.monotonic()))
            return False
        await asyncio.sleep(seconds)
        return True

    async def kill_again_and_again(self, what, service, is_back, end):
        """Until `end`: kills it, waits until it is back, waits for a random time."""
        while await self._pause(end):
            if not await service.kill():
                continue
            self.killed[what] += 1
            try:
                await until(is_back, BACK_SECONDS, f"{what} is back")
            except AssertionError as error:
                self.problems.append(str(error))
                return

    async def kill_servers(self, choose, end):
        """Until `end`: one of those that choose() names, as long as the other one is up."""
        while await self._pause(end):
            api = self._random.choice(choose())
            starts = api.starts()
            if await api.kill():
                self.killed["API"] += 1
                try:
                    await api.wait_starts(starts + 1)
                except AssertionError as error:
                    self.problems.append(str(error))
                    return

    def run(self, choose, end):
        stack = {"database": database_answers, "ejabberd": ejabberd_answers}
        killing = [self.kill_again_and_again(name, Kept(service), stack[name], end) for name, service in
                   (("database", "db"), ("ejabberd", "ejabberd"))]  # fmt: skip
        return asyncio.gather(self.kill_servers(choose, end), *killing)
