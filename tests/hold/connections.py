"""Thousands of idle keep-alive connections: what they cost in memory, and what active clients feel of them.

Two servers run side by side, one of them with the connections, and every active client asks them in turn: whatever else the
machine does meets both alike.
"""

import asyncio
import os
import resource
import socket
import time

import files
import report as says
from api import Api
from client import Client
from person import Person, ready

MEMORY_MB = 150
TIMES_SLOWER = 2
NOISE_SECONDS = 0.003  # below this a ratio compares the machine's scheduler with itself
ACTIVE = 4
PAUSE_SECONDS = 0.003
PER_SOURCE = 1000  # connections from one address of 127.0.0.0/8
FILES_LEFT = 5
IDLE_LIMIT_SECONDS = 75  # of the server, from the contract
READ_SECONDS = 20

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Idle:
    """Connections that have asked one thing and stay open."""

    def __init__(self, port):
        self._port, self._open = port, []
        self.used_at = time.monotonic()

    def connect(self, count):
        for number in range(count):
            source = (f"127.0.1.{1 + number // PER_SOURCE}", 0)
            link = socket.create_connection(("127.0.0.1", self._port), READ_SECONDS, source)
            self._open.append(link)
            link.sendall(REQUEST)
            _assert_answer(link)
        self.used_at = time.monotonic()

    def served(self):
        """How many of them still get an answer."""
        count = 0
        for link in self._open:
            try:
                link.sendall(REQUEST)
                _assert_answer(link)
                count += 1
            except (OSError, AssertionError):
                pass
        self.used_at = time.monotonic()
        return count

    def close(self):
        for link in self._open:
            link.close()


def _assert_answer(link):
    assert link.recv(4096).startswith(b"HTTP/1.1 200 "), "an idle connection was not answered"


async def ask_in_turn(servers, seconds):
    """Latencies by server; every client uses one connection to each and asks them in turn."""
    people = [await Person.register(api.port) for api in servers]
    latencies = [[] for _ in servers]
    end = time.monotonic() + seconds

    async def active():
        clients = [Client(api.port, taken) for api, taken in zip(servers, latencies, strict=True)]
        while time.monotonic() < end:
            for path in ("/turn/credentials", "/push/devices"):
                for client, person in zip(clients, people, strict=True):
                    answer = await client.request("GET", path, token=person.token)
                    assert answer.status == 200, answer
            await asyncio.sleep(PAUSE_SECONDS)
        for client in clients:
            client.close()

    await asyncio.gather(*(active() for _ in range(ACTIVE)))
    return latencies


async def measure(report, form, crowded, empty):
    idle, alone = Idle(crowded.port), crowded.megabytes()
    try:
        await asyncio.to_thread(idle.connect, form.connections)
        filled = crowded.megabytes()
        with_them, without = [], []
        end = time.monotonic() + form.hold_seconds
        while True:  # in slices that end well before the server gives idle connections up
            slice_seconds = max(1.0, min(end - time.monotonic(), IDLE_LIMIT_SECONDS / 3))
            taken = await ask_in_turn([crowded, empty], slice_seconds)
            with_them += taken[0]
            without += taken[1]
            held = await asyncio.to_thread(idle.served)
            if held < form.connections or time.monotonic() >= end:
                break
        filled = max(filled, crowded.megabytes())
    finally:
        idle.close()
    report.check(f"{form.connections} idle connections are held", held == form.connections, held)
    report.check(f"they cost no more than {MEMORY_MB} MB in all", filled <= MEMORY_MB, f"{filled:.0f} MB")
    slow, usual = says.percentile(with_them, 0.99), says.percentile(without, 0.99)
    found = f"{says.milliseconds(slow)} with, {says.milliseconds(usual)} without ({len(with_them)} requests each)"
    limit = TIMES_SLOWER * max(usual, NOISE_SECONDS)
    report.check(f"p99 of active clients is at most {TIMES_SLOWER} x of without them", slow <= limit, found)
    report.row("idle connections held", f"{held} (memory {alone:.0f} -> {filled:.0f} MB)")
    report.row("active p50 / p99 with them", says.both(with_them))
    report.row("active p50 / p99 without", says.both(without))


async def run_out_of_files(report, api):
    """Who has been idle longest makes room for who comes."""
    allowed = resource.prlimit(api.pid, resource.RLIMIT_NOFILE)
    in_use = len(os.listdir(f"/proc/{api.pid}/fd"))
    resource.prlimit(api.pid, resource.RLIMIT_NOFILE, (in_use + FILES_LEFT, allowed[1]))
    crowd = Idle(api.port)
    try:
        await asyncio.to_thread(crowd.connect, 4 * FILES_LEFT)
        said = api.log().count("connections cannot be accepted")
    finally:
        crowd.close()
        resource.prlimit(api.pid, resource.RLIMIT_NOFILE, allowed)
    report.check(f"with files for {FILES_LEFT} more connections {4 * FILES_LEFT} are served, and it is said once", said == 1, said)
    await ready(api.port)


async def run(report, form, _):
    report.say(f"{form.connections} idle connections")
    if not files.allow(form.connections):
        report.did_not_run("idle connections", "the file limit is too low")
        return
    async with Api("crowded", API_PORT=0) as crowded, Api("empty", API_PORT=0) as empty:
        await ready(crowded.port)
        await ready(empty.port)
        await measure(report, form, crowded, empty)
        await run_out_of_files(report, empty)
