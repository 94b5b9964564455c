"""slowhttptest in its four kinds: the service stays ready, and everybody else is served in bounded time."""

import asyncio
import csv

import report as says
from api import Api
from client import Client, Unanswered
from person import Person, ready
from support import stack

KINDS = {
    "slow headers": ("-H", "/api/v1/server/info"),
    "slow body": ("-B", "/api/v1/account/login"),
    "slow read": ("-X", "/docs/swagger-ui-bundle.js"),
    "range": ("-R", "/docs/swagger-ui-bundle.js"),
}
OTHERS = 4
PAUSE_SECONDS = 0.01
BOUND_SECONDS = 1.0  # p99 of everybody else
LONGEST_SECONDS = 5.0  # of any single one
REACHED = 1  # connections seen at once: what is answered ends soon
END_SECONDS = 60  # for slowhttptest to end after its time


class Others:
    """Well-behaved clients, and one that only asks whether the service is ready."""

    def __init__(self, port, token):
        self.latencies, self.faults = [], []
        self._port, self._token, self._over = port, token, False

    async def _ask(self, paths):
        client = Client(self._port, self.latencies)
        while not self._over:
            for path, prefix in paths:
                try:
                    answer = await client.request("GET", path, token=self._token, prefix=prefix)
                    if answer.status != 200:
                        self.faults.append(f"{path}: {answer}")
                except Unanswered as error:
                    self.faults.append(error)
            await asyncio.sleep(PAUSE_SECONDS)
        client.close()

    async def while_(self, work):
        """What `work` comes to; the clients ask as long as it takes."""
        usual = [("/turn/credentials", "/api/v1"), ("/push/devices", "/api/v1")]
        asking = [asyncio.create_task(self._ask(usual)) for _ in range(OTHERS)]
        asking.append(asyncio.create_task(self._ask([("/readyz", "")])))
        try:
            return await work
        finally:
            self._over = True
            await asyncio.gather(*asking)


async def attack(form, port, kind):
    """How many connections slowhttptest had open at the same time."""
    option, path = KINDS[kind]
    prefix = stack.STATE / "log" / f"slow-{option[1]}"
    command = [
        "slowhttptest", option, "-g", "-o", prefix, "-u", f"http://127.0.0.1:{port}{path}", "-v", "1",
        "-c", form.slow_connections, "-r", form.slow_connections // 2, "-l", form.slow_seconds, "-i", 3, "-p", 5,
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(form.slow_seconds + END_SECONDS):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    with prefix.with_suffix(".csv").open() as file:
        return max((int(row["Connected"]) for row in csv.DictReader(file)), default=0)


async def attack_with(report, form, api, kinds):
    person = await Person.register(api.port)
    others = Others(api.port, person.token)
    held = await others.while_(asyncio.gather(*(attack(form, api.port, kind) for kind in kinds)))
    name = " + ".join(kinds)
    for kind, count in zip(kinds, held, strict=True):
        report.check(f"{kind}: slowhttptest reached the server", count >= REACHED, count)
    report.none_of(f"{name}: nobody else was refused, and the service stayed ready", others.faults)
    p99, longest = says.percentile(others.latencies, 0.99), max(others.latencies)
    bounded = p99 <= BOUND_SECONDS and longest <= LONGEST_SECONDS
    found = f"p50 / p99 {says.both(others.latencies)}, longest {says.milliseconds(longest)}"
    report.check(f"{name}: others were served in bounded time", bounded, found)
    report.row(f"others, {name}", f"p50 / p99 {says.both(others.latencies)}")


async def run(report, form, _):
    report.say("slow clients")
    async with Api("slow", API_PORT=0) as api:
        await ready(api.port)
        for kinds in [list(KINDS)] if form.slow_at_once else [[kind] for kind in KINDS]:
            await attack_with(report, form, api, kinds)
        report.row("memory after slow clients", f"{api.megabytes():.0f} MB")
