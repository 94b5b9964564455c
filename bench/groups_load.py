"""Uses groups as apps do, for bench/groups.sh: so many requests a second, whatever the answers do.

groups_load.py PORT FILE SECONDS LISTS CHANGES WHEN ROUND. FILE is what groups_make.py wrote. LISTS a second are
GET /groups, which ejabberd has no part in; CHANGES a second add a guest to a group, and in the second half of the time
remove him, which ejabberd must do. A second of warming up comes first. Prints for each request
"warm|load WHEN ROUND list|change took_ms late_ms status"; late is this program's own delay, status is "ok" for a 200.
"""

import asyncio
import json
import sys
import time

from groups_client import Client

WARM_UP_SECONDS = 1
ANSWER_SECONDS = 15


class Load:
    def __init__(self, port, known, seconds, label):
        self.client, self.known, self.label = Client(port), known, label
        self.seconds, self.start, self.requests = WARM_UP_SECONDS + seconds, 0.0, []

    async def list_groups(self, number, _):
        tokens = self.known["tokens"]
        return await self.client.request("GET", "groups", tokens[number % len(tokens)])

    async def change_member(self, number, count):
        half = count // 2
        group = self.known["groups"][number % half]
        path = f"groups/{group['id']}/members"
        if number < half:
            return await self.client.request("POST", path, group["owner"], {"jid": group["guest"]})
        return await self.client.request("DELETE", f"{path}/{group['guest']}", group["owner"])

    async def ask(self, what, number, count, due):
        request = {"list": self.list_groups, "change": self.change_member}[what]
        begin = time.time()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                code, answer = await request(number, count)
            status = "ok" if code == 200 else f"{code} {json.dumps(answer)}"
        except (OSError, TimeoutError) as error:
            status = type(error).__name__
        kind = "warm" if due < self.start + WARM_UP_SECONDS else "load"
        took, late = (time.time() - begin) * 1000, (begin - due) * 1000
        print(kind, *self.label, what, f"{took:.3f}", f"{late:.3f}", status, sep="\t")

    async def keep_asking(self, what, rate):
        count = self.seconds * rate // 2 * 2  # whoever is added is also removed
        for number in range(count):
            due = self.start + number / rate
            if (ahead := due - time.time()) > 0:
                await asyncio.sleep(ahead)
            self.requests.append(asyncio.create_task(self.ask(what, number, count, due)))

    async def run(self, rates):
        self.start = time.time()
        await asyncio.gather(*(self.keep_asking(what, rate) for what, rate in rates.items()))
        await asyncio.gather(*self.requests)


async def main():
    port, seconds, lists, changes = (int(sys.argv[i]) for i in (1, 3, 4, 5))
    with open(sys.argv[2]) as file:
        known = json.load(file)
    await Load(port, known, seconds, sys.argv[6:]).run({"list": lists, "change": changes})


asyncio.run(main())
