"""Counts that all processes share: registrations, what they cost the database, and what happens without it."""

import pytest

from support import addresses, api_process, database, raw_http, rest, secrets, stack, wait
from support.addresses import At

LIMITS = {
    "RATE_LIMIT_REGISTER": "1/h,burst=4",
    "RATE_LIMIT_LOGIN": "1000/s",
    "RATE_LIMIT_LOGIN_FAILURES": "5",
    "RATE_LIMIT_LOGIN_ACCOUNT": "1000/s",
}
TEXTS = {
    "register": "Registration service unavailable. Please try again later.",
    "login": "Authentication service unavailable.",
}


@pytest.fixture(scope="module")
def processes():
    with api_process.ApiProcess(**LIMITS) as one, api_process.ApiProcess(**LIMITS) as two:
        yield one, two


def test_registrations_of_an_address_are_counted_by_all_processes(processes):
    here = addresses.new_address()
    answers = [At(process, here).register(rest.new_name(), secrets.password()) for process in processes * 2]
    assert [answer.status for answer in answers] == [201] * 4
    assert [addresses.limit(answer)[:2] for answer in answers] == [("register", left) for left in (3, 2, 1, 0)]
    name = rest.new_name()
    for process in processes:
        refused = At(process, here).register(name, secrets.password())
        assert 3000 < addresses.assert_refused(refused) <= 3600
        assert At(process).register(rest.new_name(), secrets.password()).status == 201
    raw_http.assert_error(At(processes[0]).login(name, secrets.password()), 401)


def test_an_account_may_be_made_again_by_a_client_that_saw_no_answer(processes):
    here, name, password = At(processes[0]), rest.new_name(), secrets.password()
    assert here.register(name, password).status == 201
    assert here.register(name, password).status == 201


@pytest.mark.parametrize("interrupt", [stack.stopped, stack.frozen])
def test_without_the_database_answers_are_those_of_the_contract(processes, interrupt):
    here = At(processes[0])
    account = rest.Account(At(processes[0]))
    with interrupt("db"):
        raw_http.assert_error(here.register(rest.new_name(), secrets.password()), 502, TEXTS["register"])
        raw_http.assert_error(here.login(account.username, account.password), 502, TEXTS["login"])
        assert here.call("GET", "/turn/credentials", token=account.token).status == 200
    wait.until(lambda: At(processes[0]).login(account.username, account.password).status == 200, 10, "login works again")


def test_rows_that_make_no_difference_are_removed(migrated):
    gone = "INSERT INTO rate_limits VALUES ('gone', now()); " + (
        "INSERT INTO password_failures VALUES ('gone', 9, now(), now(), NULL, now() - interval '1 s');"
        "INSERT INTO password_failures VALUES ('kept', 9, now(), now(), NULL, now() + interval '1 day')"
    )
    database.rows(gone)
    left = lambda: database.rows("SELECT key FROM password_failures WHERE key IN ('gone', 'kept')")
    with api_process.ApiProcess():
        assert wait.until(lambda: left() == [["kept"]], 10, "the row is pruned")
    assert database.rows("SELECT count(*) FROM rate_limits WHERE key = 'gone'") == [["0"]]
    database.rows("DELETE FROM password_failures WHERE key = 'kept'")
