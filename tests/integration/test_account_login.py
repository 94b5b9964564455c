"""Signing in over REST."""

import time

import pytest

from support import account_state, database, raw_http, rest, secrets, tokens

REFUSED = "Invalid username or password."
SAMPLES = 20
ALIKE = 1.5


def test_the_right_password_gives_a_token(api, account):
    answer = rest.login(api, account.username, account.password)
    assert answer.status == 200
    assert list(answer.json()) == ["jid", "token"]
    assert answer.json()["jid"] == account.jid
    assert tokens.read(answer.json()["token"])[1]["sub"] == account.jid
    assert rest.turn(api, answer.json()["token"]).status == 200


def test_the_case_of_the_name_does_not_matter(api, account):
    assert rest.login(api, account.username.upper(), account.password).json()["jid"] == account.jid


def test_wrong_passwords_and_unknown_users_are_told_the_same(api, account):
    known = rest.login(api, account.username, account.password + "x")
    unknown = rest.login(api, rest.new_name("nobody"), account.password)
    for answer in (known, unknown):
        raw_http.assert_error(answer, 401, REFUSED)
        assert answer.header("www-authenticate") is None or "invalid_token" not in answer.header("www-authenticate")
    assert known.body == unknown.body
    assert [name for name, _ in known.headers] == [name for name, _ in unknown.headers]


def test_the_case_of_the_password_matters(api):
    account = rest.Account(api, password=secrets.remember("MixedCasePassword"))
    raw_http.assert_error(rest.login(api, account.username, "mixedcasepassword"), 401, REFUSED)


def test_the_servers_own_account_is_nobodys(api):
    """The account that ejabberd knows for its admin API must not be one that a client can use."""
    raw_http.assert_error(rest.login(api, "veil_api", secrets.password()), 401, REFUSED)
    raw_http.assert_error(rest.call(api, "POST", "/account/login", {"username": "veil-api", "password": "long enough"}), 422)


def timed(api, username):
    begin = time.perf_counter()
    raw_http.assert_error(rest.login(api, username, "a wrong password"), 401, REFUSED)
    return time.perf_counter() - begin


def test_the_time_of_a_refusal_does_not_tell_who_exists(api, account):
    unknown = rest.new_name("nobody")
    known_times, unknown_times = [], []
    for _ in range(SAMPLES):
        known_times.append(timed(api, account.username))
        unknown_times.append(timed(api, unknown))
    known_least, unknown_least = min(known_times), min(unknown_times)  # what the machine's other work adds is not ours
    assert max(known_least, unknown_least) <= ALIKE * min(known_least, unknown_least)


def version_of(username):
    return database.rows(f"SELECT xmin FROM subscriber WHERE username = {database.quoted(username)}")


def test_a_login_leaves_a_right_sip_account_untouched(api, account):
    before = version_of(account.username)
    assert rest.login(api, account.username, account.password).status == 200
    assert version_of(account.username) == before


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM subscriber WHERE username = {}",
        "UPDATE subscriber SET ha1 = 'x', ha1b = 'x' WHERE username = {}",
    ],
)
def test_a_login_repairs_a_sip_account_that_is_missing_or_differs(api, account, damage):
    database.rows(damage.format(database.quoted(account.username)))
    raw_http.assert_error(rest.login(api, account.username, secrets.password()), 401, REFUSED)
    assert database.subscriber(account.username) != account_state.digests(account.username, account.password)
    assert rest.login(api, account.username, account.password).status == 200
    account_state.assert_whole(api, account.username, account.password)
