"""Registers users and makes groups for bench/groups.sh, all through REST.

groups_make.py PORT USERS GROUPS FILE. What groups_load.py has to know goes to FILE: tokens too, so only its owner may
read it. Prints "create MEMBERS ms" for each group that was made while nothing else was asked for: some of 256 members,
which are deleted again, then the first of the GROUPS.
"""

import asyncio
import json
import secrets
import sys
import time

from groups_client import Client

AT_ONCE = 4
MEMBERS, MANY_MEMBERS = 5, 256  # the owner is one of them
TIMED, MANY_TIMED = 100, 10


class Maker:
    def __init__(self, port, users):
        self.client, self.users = Client(port), [None] * users

    async def insist(self, expected, method, path, token="", body=None):
        status, answer = await self.client.request(method, path, token, body)
        if status != expected:
            raise SystemExit(f"{method} {path}: {status} {answer}")
        return answer

    async def register(self, number):
        credentials = {"username": f"user{number}", "password": secrets.token_hex(16)}
        answer = await self.insist(201, "POST", "account/register", body=credentials)
        self.users[number] = {"jid": answer["jid"], "token": answer["token"]}

    def person(self, number):
        return self.users[number % len(self.users)]

    async def make(self, number, members):
        """The one after the last member is the guest, whom groups_load.py adds and removes."""
        owner = self.person(number)
        others = [self.person(number + i)["jid"] for i in range(1, members)]
        wanted = {"name": f"Group {number}", "member_jids": others}
        answer = await self.insist(201, "POST", "groups", owner["token"], wanted)
        return {"id": answer["group_id"], "owner": owner["token"], "guest": self.person(number + members)["jid"]}

    async def make_timed(self, number, members):
        begin = time.perf_counter()
        made = await self.make(number, members)
        print("create", members, f"{(time.perf_counter() - begin) * 1000:.3f}", sep="\t")
        return made


async def for_all(numbers, work):
    """Not more than AT_ONCE at a time."""
    left = iter(numbers)

    async def worker():
        for number in left:
            await work(number)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


async def main():
    port, users, count = (int(x) for x in sys.argv[1:4])
    maker, groups = Maker(port, users), []
    await for_all(range(users), maker.register)
    for number in range(MANY_TIMED):
        made = await maker.make_timed(number, MANY_MEMBERS)
        await maker.insist(200, "DELETE", f"groups/{made['id']}", made["owner"])
    for number in range(TIMED):
        groups.append(await maker.make_timed(number, MEMBERS))

    async def make(number):
        groups.append(await maker.make(number, MEMBERS))

    await for_all(range(TIMED, count), make)
    with open(sys.argv[4], "w") as file:
        json.dump({"tokens": [user["token"] for user in maker.users], "groups": groups}, file)


asyncio.run(main())
