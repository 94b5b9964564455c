"""Holds veil-api up against load and faults; scripts/hold.sh starts it beside a PostgreSQL and an ejabberd of its own.

Usage: main.py [--short] [--seed N] [--trouble FILE] [PART...]
"""

import argparse
import asyncio
import pathlib
import random
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import clock_jumps
import connections
import files
import form
import mixed
import processes
import slow_clients
import storage
from report import Report
from support import api_process

PARTS = {
    "connections": connections.run,
    "slow": slow_clients.run,
    "processes": processes.run,
    "mixed": mixed.run,
    "storage": storage.run,
    "clock": clock_jumps.run,
}


def read_arguments():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--trouble", default="trouble.log")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    return parser.parse_args()


def migrate():
    done = api_process.run("migrate", seconds=60)
    if done.returncode != 0:
        raise SystemExit(done.stderr)


async def carry_out(report, name, wanted, seed):
    """A part that breaks does not keep the others from running."""
    try:
        await PARTS[name](report, wanted, random.Random(f"{seed}/{name}"))
    except Exception as error:
        report.broke(name, error)


async def run(arguments):
    report, wanted = Report(arguments.trouble), form.SHORT if arguments.short else form.LONG
    print(f"seed {arguments.seed}", flush=True)
    files.check(report, wanted.connections)
    migrate()
    for name in PARTS:
        if not arguments.parts or name in arguments.parts:
            await carry_out(report, name, wanted, arguments.seed)
    report.row("seed", arguments.seed)
    return report.finish()


async def until_signal(arguments):
    """Whatever ends this program, what it has started ends before it."""
    work = asyncio.current_task()

    def end(number):
        print(f"interrupted by {number.name}", flush=True)
        work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    return await run(arguments)


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(until_signal(read_arguments())))
    except asyncio.CancelledError:
        sys.exit(130)
