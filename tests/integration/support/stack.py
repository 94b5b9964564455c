"""The running PostgreSQL and ejabberd, as scripts/test.sh exports them, and how to stop, start and freeze them.

A service is `db` or `ejabberd`, as the stack's scripts name them. Processes are only ever addressed by the pid that the
stack wrote down for them.
"""

import contextlib
import os
import pathlib
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("VEIL_API_BIN", ROOT / "build/debug/bin/veil-api")).resolve()
DOMAIN = os.environ.get("XMPP_DOMAIN", "example.com")
STATE = pathlib.Path(os.environ.get("VEIL_STATE", ROOT / ".veil")).resolve()
SCRIPT_SECONDS = 120


# Tests ask as fast as they can and guess wrong on purpose; those of the limits set what they need.
LIMITS_OFF = {
    f"RATE_LIMIT_{name}": "0"
    for name in ("REGISTER", "LOGIN", "LOGIN_FAILURES", "LOGIN_ACCOUNT", "PUSH_TEST", "ACCOUNT", "ADDRESS")
}


def port(name, default):
    return int(os.environ.get(name, default))


def ca_file():
    return os.environ["EJABBERD_CA_FILE"]


def api_environment():
    """What an API process needs and nothing else; both ports free, on loopback, without rate limits, logging as JSON."""
    wanted = (
        "DB_URL DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD DB_MIGRATION_USER DB_MIGRATION_PASSWORD EJABBERD_API_URL "
        "EJABBERD_API_USER EJABBERD_API_PASSWORD EJABBERD_CA_FILE JWT_SECRET TURN_SECRET WEBHOOK_SECRET XMPP_DOMAIN "
        "ASAN_OPTIONS UBSAN_OPTIONS PATH"
    ).split()
    own = {name: os.environ[name] for name in wanted if os.environ.get(name)}
    return own | LIMITS_OFF | {
        "API_HOST": "127.0.0.1",
        "API_PORT": "0",
        "ADMIN_PORT": "0",
        "LOG_FORMAT": "json",
        "AUDIT_LOG": "off",  # its lines name accounts, which no log may
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "LSAN_OPTIONS": f"suppressions={ROOT}/tests/support/lsan.supp:print_suppressions=0",
        "TSAN_OPTIONS": f"suppressions={ROOT}/tests/support/tsan.supp",
    }


def secrets():
    """The stack's own secrets by their variables."""
    suffixes = ("_PASSWORD", "_SECRET")
    return {name: value for name, value in os.environ.items() if name.endswith(suffixes) and len(value) >= 16}


def _script(name, service):
    done = subprocess.run(
        [ROOT / "scripts" / name, service], cwd=ROOT, capture_output=True, text=True, timeout=SCRIPT_SECONDS, check=False
    )
    assert done.returncode == 0, f"{name} {service}:\n{done.stdout}\n{done.stderr}"


def stop(service):
    _script("down.sh", service)


def start(service):
    _script("up.sh", service)


@contextlib.contextmanager
def stopped(service):
    """The service is down inside the block and up again behind it."""
    stop(service)
    try:
        yield
    finally:
        start(service)


def _pid(service):
    return int((STATE / "run" / f"{service}.pid").read_text().split()[0])


def _children(pid):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue  # the process ended while we looked
        if parent == pid:
            found.append(int(entry.parent.name))
    return found


@contextlib.contextmanager
def frozen(service):
    """The service holds still inside the block: its sockets accept and never answer."""
    pid = _pid(service)
    os.kill(pid, signal.SIGSTOP)  # first the parent, so that no child can come after the list is made
    children = _children(pid)
    try:
        for child in children:
            _signal(child, signal.SIGSTOP)
        yield
    finally:
        for held in (*children, pid):
            _signal(held, signal.SIGCONT)


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
