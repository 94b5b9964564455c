"""Registering: the account exists in XMPP, SIP and REST at once, or not at all."""

import secrets as _random

import pytest

from support import account_state, database, raw_http, rest, secrets, tokens, websocket_client, xmpp_client

TAKEN = "That username is already taken."


def test_a_new_account_works_everywhere(api):
    username, password = rest.new_name("alice"), secrets.password()
    answer = rest.register(api, username, password)
    assert answer.status == 201
    content = answer.json()
    assert list(content) == ["jid", "status", "token"]
    assert (content["jid"], content["status"]) == (rest.jid(username), "registered")
    assert tokens.read(content["token"])[1]["sub"] == rest.jid(username)
    assert rest.turn(api, content["token"]).status == 200
    account_state.assert_whole(api, username, password)


def test_the_password_logs_in_over_starttls(account):
    with xmpp_client.Session(account.username, account.password) as session:
        assert session.contacts() == []
    assert not xmpp_client.can_log_in(account.username, account.password + "x")
    assert not xmpp_client.can_log_in(account.username, account.password[:-1])


def test_the_password_logs_in_over_websocket(account):
    assert websocket_client.log_in(account.username, account.password).startswith(account.jid + "/")
    assert websocket_client.log_in(account.username, account.password + "x") is None


def test_nobody_can_register_past_the_api():
    assert not xmpp_client.can_log_in(rest.new_name("ghost"), secrets.password())


def test_an_upper_case_name_is_the_lower_case_account(api):
    username, password = rest.new_name("MiXed"), secrets.password()
    answer = rest.register(api, username, password)
    assert (answer.status, answer.json()["jid"]) == (201, rest.jid(username.lower()))
    account_state.assert_whole(api, username.lower(), password)
    raw_http.assert_error(rest.register(api, username.lower(), secrets.password()), 409, TAKEN)
    raw_http.assert_error(rest.register(api, username.upper(), secrets.password()), 409, TAKEN)


@pytest.mark.parametrize(
    "password",
    [
        "é" * 128,
        "p" * 128,
        "naïve pässwörd",
        "пароль пароль",
        "密码密码密码密码",
        " spaces in it ",
        "quote\"back\\slash'",
        "%s %d {} $(x) <&>",
    ],
)
def test_any_text_is_a_password(api, password):
    username = rest.new_name()
    assert rest.register(api, username, password).status == 201
    account_state.assert_whole(api, username, password)


@pytest.mark.parametrize("password", ["tab\tin the middle", "line\nin the middle", "bell\u0007in the middle"])
def test_a_password_that_xmpp_cannot_carry_leaves_nothing_behind(api, password):
    """SASLprep (RFC 4013) forbids control characters, so such an account could never log in over XMPP."""
    username = rest.new_name()
    raw_http.assert_error(rest.register(api, username, password), 502, "Registration failed. Please try again later.")
    assert database.subscriber(username) is None
    assert rest.register(api, username, secrets.password()).status == 201


@pytest.mark.parametrize("length", [3, 32])
def test_names_at_the_limits(api, length):
    username = (_random.token_hex(16) + "_")[-length:]
    assert rest.register(api, username, secrets.password()).status == 201


def test_a_taken_name_is_refused_and_nothing_changes(api, account):
    before = database.subscriber(account.username)
    raw_http.assert_error(rest.register(api, account.username, secrets.password()), 409, TAKEN)
    assert database.subscriber(account.username) == before
    account_state.assert_whole(api, account.username, account.password)


def test_a_repeated_request_succeeds_like_the_first(api, account):
    """A client whose first answer was lost must not be told that the name is taken."""
    answer = rest.register(api, account.username, account.password)
    assert (answer.status, answer.json()["jid"]) == (201, account.jid)
    assert rest.turn(api, answer.json()["token"]).status == 200
    account_state.assert_whole(api, account.username, account.password)


@pytest.mark.parametrize("name", ["admin", "root", "postmaster", "abuse", "Admin", "ROOT"])
def test_reserved_names_are_taken(api, name):
    raw_http.assert_error(rest.register(api, name, secrets.password()), 409, TAKEN)
    assert database.subscriber(name.lower()) is None


@pytest.mark.parametrize(
    "name",
    ["a b", "a@b", "a/b", "a.b", "a-b", "ab", "a" * 33, "\u0430bc", "a'b", "abc\u0000", "abc\n", "../x"],
)
def test_impossible_names_are_refused(api, name):
    raw_http.assert_error(rest.register(api, name, secrets.password()), 422)
