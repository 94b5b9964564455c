"""Fixtures of the integration tests. The stack (PostgreSQL, ejabberd) runs already; see scripts/test.sh."""

import pytest

from support import api_process, database, rest, stack


@pytest.fixture(scope="session", autouse=True)
def migrated():
    """The schema is there before the first server starts."""
    assert stack.BINARY.exists(), f"{stack.BINARY} is missing; build it or set VEIL_API_BIN"
    done = api_process.run("migrate", seconds=60)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", autouse=True)
def no_older_groups(migrated):
    """The sweep compares the groups of this module's tests, and not first those of all modules before."""
    database.rows("UPDATE groups SET checked_at = 'infinity'")


@pytest.fixture(scope="module")
def api():
    """One server for the tests of a module; its end is asserted to be clean."""
    with api_process.ApiProcess() as process:
        yield process
        process.stop()


@pytest.fixture
def account(api):
    return rest.Account(api)
