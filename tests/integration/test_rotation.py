"""Secrets are replaced under a running server: nobody is signed out, nothing revoked comes back, and what is no good is
refused while the old one goes on working."""

import contextlib
import signal
import threading

import pytest

from support import account_state, api_process, database, push, raw_http, rest, secrets, tokens, turn, wait
from support.crashing import crash
from support.secret_files import SecretFiles, new_secret
from support.stack import DOMAIN

INVALID = "Invalid token"
REVOKED = "Token has been revoked"
SETTLE_SECONDS = 20


@contextlib.contextmanager
def under_load(request, clients=4):
    """Repeats request(), whose answers' statuses are in the list that the block is given, until the block ends."""
    statuses, over = [], threading.Event()

    def ask():
        while not over.is_set():
            statuses.append(request().status)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        wait.until(lambda: len(statuses) > clients, 10, "the load has begun")
        yield statuses
        seen = len(statuses)
        wait.until(lambda: len(statuses) > seen + clients, 10, "the load goes on")
    finally:
        over.set()
        for thread in threads:
            thread.join(10)


@pytest.fixture
def jwt(tmp_path):
    return SecretFiles(tmp_path, JWT_SECRET=new_secret(), JWT_SECRET_PREVIOUS="")


def secret_of(files, name="JWT_SECRET"):
    return files.path(name).read_text().strip()


def rotate(api, files, name):
    """The new secret; the old one is accepted until it is withdrawn."""
    before, after = secret_of(files, name), new_secret()
    files.put(f"{name}_PREVIOUS", before)
    files.put(name, after)
    said = api.reload()
    assert f"reload: {name} is another one now; the one before is accepted too" in said, said
    return after


def withdraw(api, files, name):
    files.put(f"{name}_PREVIOUS", "")
    assert f"reload: {name} is another one now" in api.reload()


def login(api, account):
    answer = rest.login(api, account.username, account.password)
    assert answer.status == 200, answer
    return answer.json()["token"]


def test_nobody_is_signed_out_by_a_new_secret(jwt):
    with api_process.ApiProcess(**jwt.env()) as api:
        account = rest.Account(api)
        revoked, later = login(api, account), login(api, account)
        assert rest.logout(api, revoked).status == 200
        with under_load(lambda: rest.turn(api, account.token)) as statuses:
            after = rotate(api, jwt, "JWT_SECRET")
        assert set(statuses) == {200}
        fresh = login(api, account)
        assert tokens.read(fresh, after)[1]["sub"] == account.jid
        assert rest.turn(api, fresh).status == 200
        raw_http.assert_error(rest.turn(api, revoked), 401, REVOKED)
        assert rest.logout(api, later).status == 200
        raw_http.assert_error(rest.turn(api, later), 401, REVOKED)
        withdraw(api, jwt, "JWT_SECRET")
        for old in (account.token, revoked, later):
            raw_http.assert_error(rest.turn(api, old), 401, INVALID)
        assert rest.turn(api, fresh).status == 200


def test_what_was_revoked_before_a_restart_with_a_new_secret_stays_revoked(jwt):
    with api_process.ApiProcess(**jwt.env()) as api:
        account = rest.Account(api)
        revoked = login(api, account)
        assert rest.logout(api, revoked).status == 200
    jwt.put("JWT_SECRET_PREVIOUS", secret_of(jwt))
    jwt.put("JWT_SECRET", new_secret())
    with api_process.ApiProcess(**jwt.env()) as api:
        assert rest.turn(api, account.token).status == 200
        raw_http.assert_error(rest.turn(api, revoked), 401, REVOKED)


def test_several_processes_go_over_one_after_the_other(tmp_path):
    """The new secret is made known to both before either signs with it."""
    old, new = new_secret(), new_secret()
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.append(SecretFiles(tmp_path / name, JWT_SECRET=old, JWT_SECRET_PREVIOUS=new))
    with api_process.ApiProcess(**files[0].env()) as first, api_process.ApiProcess(**files[1].env()) as second:
        account = rest.Account(first)
        files[0].put("JWT_SECRET", new)
        files[0].put("JWT_SECRET_PREVIOUS", old)
        first.reload()
        fresh = login(first, account)
        assert tokens.read(fresh, new)
        for api in (first, second):
            assert [rest.turn(api, token).status for token in (fresh, account.token)] == [200, 200]
        assert rest.logout(second, fresh).status == 200
        wait.until(lambda: rest.turn(first, fresh).status == 401, SETTLE_SECONDS, "the token is revoked everywhere")


def test_an_operation_that_was_under_way_can_still_be_undone(jwt):
    """Only its password, which is encrypted, proves that the account in ejabberd is the one that it made."""
    username, password = rest.new_name(), secrets.password()
    crash("register.created", lambda api: rest.register(api, username, password), **jwt.env())
    jwt.put("JWT_SECRET_PREVIOUS", secret_of(jwt))
    jwt.put("JWT_SECRET", new_secret())
    pending = f"SELECT 1 FROM account_operations WHERE jid = {database.quoted(rest.jid(username))}"
    with api_process.ApiProcess(**jwt.env()) as api:
        wait.until(lambda: not database.rows(pending), SETTLE_SECONDS, "the operation is settled")
        assert account_state.is_gone(api, username, password)


def test_a_secret_that_is_no_good_is_refused_and_the_old_one_stays(jwt):
    with api_process.ApiProcess(**jwt.env()) as api:
        account, old = rest.Account(api), secret_of(jwt)
        for bad in ("", "short", "change-me-change-me-change-me-change-me", f"{new_secret()}\n{new_secret()}"):
            jwt.put("JWT_SECRET", bad)
            said = api.reload()
            assert "reload: JWT_SECRET is refused, the one before stays: JWT_SECRET" in said, said
            assert rest.turn(api, account.token).status == 200
            assert tokens.read(login(api, account), old)
        jwt.path("JWT_SECRET").unlink()
        assert "JWT_SECRET_FILE cannot be read" in api.reload()
        assert tokens.read(login(api, account), old)
        jwt.put("JWT_SECRET", old, 0o644)
        assert "can be read by every user" in api.reload()


def test_what_the_environment_holds_is_said_to_stay():
    with api_process.ApiProcess(LOG_LEVEL="info") as api:
        account = rest.Account(api)
        said = api.reload()
        line = next(line for line in said.splitlines() if "from the environment" in line)
        for name in ("JWT_SECRET", "TURN_SECRET", "WEBHOOK_SECRET", "DB_PASSWORD", "EJABBERD_API_PASSWORD", "LOG_LEVEL"):
            assert name in line, name
        assert "0 replaced, 0 refused" in said
        assert rest.turn(api, account.token).status == 200


def test_a_hangup_at_the_start_ends_nothing(jwt):
    with api_process.ApiProcess(**jwt.env()) as api:
        for _ in range(5):
            api.signal(signal.SIGHUP)
        wait.until(lambda: api.log().count("reload: done") >= 1, 15, "the end of a reload")
        assert rest.call(api, "GET", "/server/info").status == 200


def notify(api, secret):
    return push.webhook(api, "/push/call-notify", push.call_body("nobody_here"), secret).status


def test_the_sip_server_may_be_told_of_a_new_webhook_secret_later(tmp_path):
    before = new_secret()
    files = SecretFiles(tmp_path, WEBHOOK_SECRET=before, WEBHOOK_SECRET_PREVIOUS="")
    with api_process.ApiProcess(**files.env()) as api:
        assert notify(api, before) == 200
        after = rotate(api, files, "WEBHOOK_SECRET")
        assert [notify(api, secret) for secret in (before, after)] == [200, 200]
        assert [notify(api, secret) for secret in ("", before + after, before[:-1], new_secret())] == [401] * 4
        withdraw(api, files, "WEBHOOK_SECRET")
        assert [notify(api, secret) for secret in (before, after)] == [401, 200]


def test_turn_credentials_are_made_with_the_new_secret_at_once(tmp_path):
    before, after = new_secret(), new_secret()
    files = SecretFiles(tmp_path, TURN_SECRET=before, TURN_SECRET_PREVIOUS="")
    with api_process.ApiProcess(**files.env()) as api:
        token = tokens.legacy(f"someone@{DOMAIN}")

        def made_with(secret):
            given = rest.turn(api, token).json()
            return given["password"] == turn.password(given["username"], secret)

        assert made_with(before)
        files.put("TURN_SECRET_PREVIOUS", before)
        files.put("TURN_SECRET", after)
        assert "reload: TURN_SECRET is another one now" in api.reload()
        assert made_with(after)


def hang_up_until(api, text, count):
    api.signal(signal.SIGHUP)
    wait.until(lambda: api.log().count(text) == count, 15, f"{count} times: {text}")


def test_the_level_of_the_log_can_be_changed(tmp_path):
    secret = new_secret()
    files = SecretFiles(tmp_path, LOG_LEVEL="info", JWT_SECRET=secret)
    with api_process.ApiProcess(**files.env()) as api:
        files.put("LOG_LEVEL", "loud")
        assert "reload: LOG_LEVEL is refused" in api.reload()
        files.put("LOG_LEVEL", "error")
        files.put("JWT_SECRET", "bad")  # an error, to be seen at any level
        hang_up_until(api, "JWT_SECRET is refused", 1)
        hang_up_until(api, "JWT_SECRET is refused", 2)
        begin = len(api.log())
        assert rest.call(api, "GET", "/server/info").status == 200
        files.put("JWT_SECRET", secret)
        files.put("LOG_LEVEL", "info")
        hang_up_until(api, "LOG_LEVEL is another one now", 1)  # the one before was not said any more
        assert rest.call(api, "GET", "/server/info", headers=["X-Request-Id: seen-again"]).status == 200
        wait.until(lambda: "seen-again" in api.log(), 10, "the line of a request")
        assert api.log()[begin:].count('"event":"request"') == 1
