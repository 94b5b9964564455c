"""Migrations, and what each database role may do."""

import concurrent.futures

import pytest

from support import api_process, database, stack

CHECKSUM = "UPDATE schema_migrations SET checksum = {} WHERE name = {}"


def first_migration():
    return database.rows("SELECT name, checksum FROM schema_migrations ORDER BY name LIMIT 1")[0]


@pytest.fixture
def edited():
    """The name of an applied migration whose text is no longer what was applied."""
    name, checksum = first_migration()
    database.rows(CHECKSUM.format(database.quoted("0" * 64), database.quoted(name)), role="veil_owner")
    yield name
    database.rows(CHECKSUM.format(database.quoted(checksum), database.quoted(name)), role="veil_owner")


@pytest.fixture
def from_the_future():
    """A migration in the database that this server has never heard of."""
    database.rows("INSERT INTO schema_migrations (name, checksum) VALUES ('999_later', 'x')", role="veil_owner")
    yield "999_later"
    database.rows("DELETE FROM schema_migrations WHERE name = '999_later'", role="veil_owner")


def test_migrating_again_changes_nothing():
    before = database.rows("SELECT name, checksum, applied_at FROM schema_migrations ORDER BY name")
    for _ in range(2):
        assert api_process.run("migrate").returncode == 0
    assert database.rows("SELECT name, checksum, applied_at FROM schema_migrations ORDER BY name") == before


def test_every_migration_file_is_applied():
    files = sorted(path.name for path in (stack.ROOT / "sql").glob("[0-9]*.sql"))
    applied = [row[0] for row in database.rows("SELECT name FROM schema_migrations ORDER BY name")]
    assert [name.removesuffix(".sql") for name in applied] == [name.removesuffix(".sql") for name in files]


def test_migrating_from_two_places_at_once_is_safe():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(api_process.run, "migrate") for _ in range(3)]
    assert [run.result().returncode for run in runs] == [0, 0, 0]


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_an_edited_migration_stops_the_server(edited, command):
    done = api_process.run(command)
    assert done.returncode == 1
    assert any(edited in line and "edited" in line for line in done.stderr.splitlines()), done.stderr
    assert "listening" not in done.stderr


def test_a_newer_database_stops_an_older_server(from_the_future):
    done = api_process.run("serve")
    assert done.returncode == 1
    assert from_the_future in done.stderr
    assert "listening" not in done.stderr


def test_a_server_without_the_owners_password_only_checks(edited):
    env = stack.api_environment()
    del env["DB_MIGRATION_PASSWORD"]
    done = api_process.run("serve", env=env)
    assert done.returncode == 1
    assert edited in done.stderr


def test_a_server_without_the_owners_password_serves_a_finished_schema():
    with api_process.ApiProcess(DB_MIGRATION_PASSWORD=None) as api:
        assert api.port


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE intruder ()",
        "CREATE TEMP TABLE intruder ()",
        "CREATE SCHEMA intruder",
        "DROP TABLE accounts",
        "ALTER TABLE subscriber ADD COLUMN more text",
        "TRUNCATE accounts",
        "UPDATE schema_migrations SET checksum = ''",
        "DELETE FROM schema_migrations",
        "CREATE ROLE intruder",
        "SELECT * FROM pg_authid",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET ROLE veil_owner",
    ],
)
def test_the_servers_role_may_only_use_rows(statement):
    code, _, error = database.attempt(statement)
    assert code != 0
    assert "permission denied" in error or "must be owner" in error or "must be superuser" in error, error


@pytest.mark.parametrize(
    ("role", "name"),
    [("veil", "ejabberd"), ("veil", "postgres"), ("veil_owner", "ejabberd"), ("kamailio", "ejabberd"), ("ejabberd", "veil")],
)
def test_no_role_enters_anothers_database(role, name):
    code, _, error = database.attempt("SELECT 1", role=role, database=name)
    assert code != 0
    assert "permission denied for database" in error or "no pg_hba.conf entry" in error, error
