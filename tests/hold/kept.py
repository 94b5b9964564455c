"""Processes that a keeper (scripts/lib/keep.sh) holds: their pids as the keeper wrote them down, their memory, their end.

A process is known by its pid and its start time, so that nothing is ever sent to a pid that somebody else has got since.
"""

import asyncio
import os
import pathlib
import signal
import time

from support import stack

TICKS = os.sysconf("SC_CLK_TCK")


def facts(pid):
    """State, start time and used CPU seconds; None when there is no such process."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], fields[19], (int(fields[11]) + int(fields[12])) / TICKS


def alive(pid, start):
    found = facts(pid)
    return found is not None and found[1] == start and found[0] not in "ZX"


def remains(pid, start):
    """Also as a zombie: while its threads end, its sockets may still be open."""
    found = facts(pid)
    return found is not None and found[1] == start


async def until(condition, seconds, what):
    """Like support.wait.until, while the other tasks go on; the condition may be a coroutine function."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        await asyncio.sleep(0.05)


class Kept:
    """A service of the stack by its name: `db`, `ejabberd`, or one that the suite starts itself."""

    def __init__(self, service):
        self.service = service

    def _recorded(self):
        try:
            pid, start, _ = (stack.STATE / "run" / f"{self.service}.pid").read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        return (int(pid), start) if alive(pid, start) else None

    @property
    def pid(self):
        """None while it is down."""
        found = self._recorded()
        return found[0] if found else None

    async def kill(self):
        """Ends it as a power cut would; returns when it is gone. False: it was down anyway."""
        found = self._recorded()
        if found is None:
            return False
        os.kill(found[0], signal.SIGKILL)
        await until(lambda: not remains(*found), 10, f"{self.service} is gone")
        return True

    def megabytes(self):
        """Resident memory; None while it is down."""
        pid = self.pid
        try:
            lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            return None
        kilobytes = [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
        return kilobytes[0] / 1024 if kilobytes else None

    def cpu_seconds(self):
        return facts(self.pid)[2]
