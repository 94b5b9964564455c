"""Looking into PostgreSQL with psql, as one of the stack's own roles; passwords go through the environment only."""

import contextlib
import os
import subprocess

from support import stack, wait

WAITING_SECONDS = 5
ROLES = {
    "veil": "DB_PASSWORD",
    "veil_owner": "DB_MIGRATION_PASSWORD",
    "kamailio": "KAMAILIO_DB_PASSWORD",
    "ejabberd": "EJABBERD_DB_PASSWORD",
}


def _psql(role, database):
    env = os.environ | {
        "PGPASSWORD": os.environ[ROLES[role]],
        "PGHOST": os.environ.get("DB_HOST", "127.0.0.1"),
        "PGPORT": os.environ.get("DB_PORT", "5432"),
        "PGUSER": role,
        "PGDATABASE": database or os.environ.get("DB_NAME", "veil"),
        "PGCONNECT_TIMEOUT": "5",
    }
    return subprocess.Popen(
        ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start(sql, role="veil", database=None):
    """Starts psql on `sql`; the process is the caller's to wait for."""
    process = _psql(role, database)
    with contextlib.suppress(BrokenPipeError):  # it has ended before it read: its exit code says why
        process.stdin.write(sql)
        process.stdin.close()
    process.stdin = None
    return process


@contextlib.contextmanager
def session(role):
    """A psql for what must not wait until one has started; gives a function that runs a statement and returns its rows."""
    process = _psql(role, None)

    def run(sql):
        process.stdin.write(f"{sql}; SELECT 'done';\n")
        process.stdin.flush()
        found = []
        while (line := process.stdout.readline()) != "done\n":
            assert line, "the session has ended"
            found.append(line.rstrip("\n").split("|"))
        return found

    try:
        run("SELECT 1")
        yield run
    finally:
        _, error = process.communicate(timeout=30)
        assert process.returncode == 0, error


@contextlib.contextmanager
def holding(run, statement):
    """In a session, a transaction that has run `statement` and holds its locks until the block ends."""
    run(f"BEGIN; {statement}")
    try:
        yield
    finally:
        run("COMMIT")


@contextlib.contextmanager
def held(statement, role="veil_owner"):
    """The same in a session of its own."""
    with session(role) as run, holding(run, statement):
        yield


def wait_waiting(count, run=None):
    """Until so many transactions of the server's wait for locks."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE usename = 'veil' AND datname = current_database() AND wait_event_type = 'Lock'"
    )
    wait.until(lambda: int((run or rows)(waiting)[0][0]) >= count, WAITING_SECONDS, f"{count} transactions that wait")


def superuser(sql):
    """One statement as PostgreSQL's superuser, over the socket that is only for him."""
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", stack.STATE / "db/socket"]
    command += ["-p", os.environ["DB_PORT"], "-U", "postgres", "-d", "postgres", "-c", sql]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)


def configure(sql):
    """SET or RESET of a setting of PostgreSQL as a whole, from now on."""
    superuser(f"ALTER SYSTEM {sql}")
    superuser("SELECT pg_reload_conf()")


@contextlib.contextmanager
def stalled_disk():
    """Inside the block, no transaction ends that waits for the disk: PostgreSQL waits there for a second server too, which
    does not exist."""
    probe = None

    def stalls():
        nonlocal probe
        if probe is None or probe.poll() is not None:  # it ended: PostgreSQL had not read the setting yet
            probe = start("SELECT pg_logical_emit_message(true, 'probe', '')", role="veil_owner")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'veil_owner' AND wait_event = 'SyncRep'"
        return rows(waiting, role="veil_owner") == [["1"]]

    try:
        configure("SET synchronous_standby_names = 'nobody'")
        wait.until(stalls, WAITING_SECONDS, "a transaction that waits")
        yield
    finally:
        configure("RESET synchronous_standby_names")
        if probe:
            probe.communicate(timeout=30)


def attempt(sql, role="veil", database=None):
    """Exit code, rows as lists of text, and the error text."""
    process = start(sql, role, database)
    out, error = process.communicate(timeout=30)
    return process.returncode, [line.split("|") for line in out.splitlines()], error


def rows(sql, role="veil", database=None):
    code, found, error = attempt(sql, role, database)
    assert code == 0, error
    return found


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def subscriber(username):
    """(ha1, ha1b, password) of the SIP account, or None."""
    found = rows(f"SELECT ha1, ha1b, password FROM subscriber WHERE username = {quoted(username)}")
    assert len(found) <= 1, found
    return tuple(found[0]) if found else None
