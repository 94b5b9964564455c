"""Mixed traffic while servers, database and ejabberd are killed; then everything that was acknowledged is looked for.

Two servers share a port. The first is killed only in the first two fifths of the time, so that its memory can be judged
over the last half; the second and the rest of the stack are killed to the end.
"""

import asyncio
import contextlib
import random as randoms
import time

import report as says
from api import Api, Port
from faults import Faults
from household import Household
from ledger import Ledger
from person import ready
from support import fake_push
from verify import Verifier

FIRST_LIVES = 0.4  # share of the time after which the first server is left alone
GROWTH = 0.10  # what memory may grow over the last half
SAMPLE_SECONDS = 1
SAY_SECONDS = 60


class Memory:
    """Resident memory of the servers, once a second."""

    def __init__(self, apis):
        self.samples = [[] for _ in apis]
        self._apis = apis

    async def watch(self):
        while True:
            for api, taken in zip(self._apis, self.samples, strict=True):
                taken.append(api.megabytes())
            await asyncio.sleep(SAMPLE_SECONDS)

    def curve(self, number):
        return [value for value in self.samples[number] if value is not None]

    def growth(self):
        """Of the first server over the last half: the last tenth of the time against the first one, as a share."""
        half = self.curve(0)[len(self.samples[0]) // 2 :]
        tenth = max(1, len(half) // 5)
        first, last = sum(half[:tenth]) / tenth, sum(half[-tenth:]) / tenth
        return last / first - 1


@contextlib.asynccontextmanager
async def servers(fake):
    """Two on one port."""
    port = Port()
    settings = {"API_PORT": port.number, "GROUP_SWEEP_SECONDS": 10} | fake.env()
    try:
        async with Api("first", **settings) as first, Api("second", **settings) as second:
            await ready(port.number)
            yield port.number, first, second
    finally:
        port.close()


async def tell_progress(report, ledger, faults):
    while True:
        await asyncio.sleep(SAY_SECONDS)
        report.say(f"{ledger.acknowledged.total()} acknowledged, {faults.killed.total()} killed, {len(ledger.lies)} lies")


async def live_through(report, form, random, port, apis, ledger, faults):
    """The traffic and the faults, to their end; the servers' memory over that time."""
    begin = time.monotonic()
    end = begin + form.traffic_seconds
    first_lives = begin + FIRST_LIVES * form.traffic_seconds
    memory = Memory(apis)
    watching = [asyncio.create_task(memory.watch()), asyncio.create_task(tell_progress(report, ledger, faults))]
    try:
        households = [
            Household(port, ledger, randoms.Random(random.random()), form.pause_seconds) for _ in range(form.households)
        ]
        await asyncio.gather(
            faults.run(lambda: apis if time.monotonic() < first_lives else apis[1:], end),
            *(household.live(lambda: time.monotonic() >= end) for household in households),
        )
    finally:
        for task in watching:
            task.cancel()
    return memory


def judge(report, form, ledger, faults, verifier, memory):
    report.none_of("what was killed came back", faults.problems)
    missing = [kind for kind in ("API", "database", "ejabberd") if not faults.killed[kind]]
    report.check("each kind of fault was injected", not missing, dict(faults.killed))
    report.none_of("no answer contradicts an acknowledged write", ledger.lies)
    report.none_of("no acknowledged write is lost", verifier.lost)
    report.none_of("no account and no group is half there", verifier.half)
    if form.judge_memory:
        found = f"{memory.growth() * 100:+.1f} %"
        report.check(f"memory is flat within {GROWTH:.0%} over the last half", memory.growth() <= GROWTH, found)


def tell(report, ledger, faults, verifier, memory):
    report.row("faults injected (kill -9)", ", ".join(f"{kind} {count}" for kind, count in faults.killed.items()))
    report.row("requests acknowledged", ledger.acknowledged.total())
    reads = sum(ledger.acknowledged[kind] for kind in ("login", "list devices", "list groups"))
    report.row("writes acknowledged", ledger.acknowledged.total() - reads)
    report.row("without acknowledgement", ledger.unanswered.total())
    report.row("facts checked afterwards", verifier.checked)
    report.row("writes lost", len(verifier.lost) + len(ledger.lies))
    report.row("half accounts and groups", len(verifier.half))
    report.row("mixed traffic p50 / p99", says.both(ledger.latencies))
    report.row("memory, first server", says.curve(memory.curve(0)))
    report.row("memory, second server", says.curve(memory.curve(1)))


async def run(report, form, random):
    report.say(f"mixed traffic for {form.traffic_seconds:.0f} s, with kill -9")
    ledger, faults = Ledger(), Faults(randoms.Random(random.random()), form.fault_pauses)
    fake = await asyncio.to_thread(fake_push.FakePush, token_update_seconds=0)
    try:
        async with servers(fake) as (port, *apis):
            memory = await live_through(report, form, random, port, apis, ledger, faults)
            report.say("looking for what was acknowledged")
            await ready(port)
            verifier = Verifier(ledger, apis, port, randoms.Random(random.random()))
            await verifier.all()
            verifier.calls(fake)
        leaks = [line for api in apis for line in api.leaks()]
    finally:
        await asyncio.to_thread(fake.__exit__, None)
    judge(report, form, ledger, faults, verifier, memory)
    report.none_of("no log has a secret or an address in it", leaks)
    tell(report, ledger, faults, verifier, memory)
