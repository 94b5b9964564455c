"""The programs of tests/e2e, run with Node.js against a server under test, without any of the stack's secrets."""

import functools
import json
import os
import subprocess

from support import stack

FOLDER = stack.ROOT / "tests/e2e"
INSTALL_SECONDS = 600
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def _environment():
    return {name: value for name, value in os.environ.items() if name not in stack.secrets()} | QUIET


@functools.cache
def _install():
    done = subprocess.run(
        [stack.ROOT / "scripts/lib/install-e2e.sh"],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run(script, *arguments, seconds):
    """Runs a script of tests/e2e, or a tool below its node_modules, to its end."""
    _install()
    return subprocess.run(
        ["node", script, *arguments],
        cwd=FOLDER,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def report(script, *arguments, seconds):
    """What a script of tests/e2e that went well says in its one line of JSON."""
    done = run(script, *arguments, seconds=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = done.stdout.splitlines()
    return json.loads(line)
