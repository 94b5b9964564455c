"""Several API processes on one database: a revocation made on one holds on all, at once and also after a lost connection."""

import pytest

from support import api_process, database, rest, secrets, wait

NOTICE_SECONDS = 10  # what is not told at once is never told without a new connection
RECONNECT_SECONDS = 10


@pytest.fixture(scope="module")
def second():
    with api_process.ApiProcess() as process:
        yield process
        process.stop()


def refuses(api, token):
    answer = rest.turn(api, token)
    if answer.status == 200:
        return False
    assert (answer.status, answer.json()) == (401, {"detail": "Token has been revoked"})
    return True


def log_out(api, account):
    return rest.logout(api, account.token)


def change_password(api, account):
    return rest.change_password(api, account.token, account.password, secrets.password())


def delete(api, account):
    return rest.delete(api, account.token, account.username, account.password)


@pytest.mark.parametrize("revoke", [log_out, change_password, delete])
def test_a_revocation_holds_on_the_other_process_at_once(api, second, revoke):
    account = rest.Account(api)
    assert rest.turn(second, account.token).status == 200
    assert revoke(api, account).status == 200
    wait.until(lambda: refuses(second, account.token), NOTICE_SECONDS, "the other process refuses the token")
    assert refuses(api, account.token)


def test_the_new_token_is_good_on_the_other_process(api, second):
    account = rest.Account(api)
    renewed = change_password(api, account).json()["token"]
    wait.until(lambda: refuses(second, account.token), NOTICE_SECONDS, "the other process refuses the old token")
    assert rest.turn(second, renewed).status == 200
    assert rest.turn(api, renewed).status == 200


def test_a_process_that_starts_later_knows_earlier_revocations(api):
    loggedout, changed = rest.Account(api), rest.Account(api)
    assert log_out(api, loggedout).status == 200
    assert change_password(api, changed).status == 200
    with api_process.ApiProcess() as late:
        assert refuses(late, loggedout.token)
        assert refuses(late, changed.token)


# Ends every connection that listens, again and again for two seconds, and prints how many it ended each time.
CUT_LISTENERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND usename = 'veil' AND (query ILIKE 'listen%' OR query = 'SELECT 1');"
    "SELECT pg_sleep(0.02);"
) * 100


def test_a_revocation_during_a_lost_connection_is_learned_afterwards(api, second):
    account, control = rest.Account(api), rest.Account(api)
    cutter = database.start(CUT_LISTENERS)
    assert cutter.stdout.readline().strip() != "0"  # the first round found the listeners
    assert rest.turn(second, account.token).status == 200
    assert log_out(api, account).status == 200
    out, error = cutter.communicate(timeout=30)
    assert cutter.returncode == 0, (out, error)
    wait.until(lambda: refuses(second, account.token), RECONNECT_SECONDS, "the other process learns it after reconnecting")
    assert rest.turn(second, control.token).status == 200
    # and the notices flow again
    assert log_out(api, control).status == 200
    wait.until(lambda: refuses(second, control.token), RECONNECT_SECONDS, "notices flow again")
