"""Changing the password: the new one counts everywhere at once, the old one and every earlier token nowhere."""

import pytest

from support import account_state, raw_http, rest, secrets, tokens, xmpp_client

REVOKED = "Token has been revoked"


def test_the_new_password_counts_everywhere(api, account):
    new = secrets.password()
    elsewhere = rest.login(api, account.username, account.password).json()["token"]
    legacy = tokens.legacy(account.jid)
    answer = rest.change_password(api, account.token, account.password, new)
    assert answer.status == 200
    assert list(answer.json()) == ["jid", "token"]
    assert answer.json()["jid"] == account.jid
    assert rest.turn(api, answer.json()["token"]).status == 200
    for token in (account.token, elsewhere, legacy):
        raw_http.assert_error(rest.turn(api, token), 401, REVOKED)
    account_state.assert_whole(api, account.username, new)
    assert not xmpp_client.can_log_in(account.username, account.password)
    raw_http.assert_error(rest.login(api, account.username, account.password), 401, "Invalid username or password.")


def test_a_login_right_after_the_change_gives_a_good_token(api, account):
    new = secrets.password()
    assert rest.change_password(api, account.token, account.password, new).status == 200
    token = rest.login(api, account.username, new).json()["token"]
    assert rest.turn(api, token).status == 200


def test_several_changes_in_a_row(api, account):
    token, password = account.token, account.password
    for _ in range(4):
        new = secrets.password()
        answer = rest.change_password(api, token, password, new)
        assert answer.status == 200
        raw_http.assert_error(rest.turn(api, token), 401, REVOKED)
        token, password = answer.json()["token"], new
        assert rest.turn(api, token).status == 200
    account_state.assert_whole(api, account.username, password)


def test_the_same_password_again_still_ends_other_sessions(api, account):
    answer = rest.change_password(api, account.token, account.password, account.password)
    assert answer.status == 200
    raw_http.assert_error(rest.turn(api, account.token), 401, REVOKED)
    account_state.assert_whole(api, account.username, account.password)


def test_a_wrong_old_password_changes_nothing(api, account):
    answer = rest.change_password(api, account.token, secrets.password(), secrets.password())
    raw_http.assert_error(answer, 401, "Invalid username or password.")
    assert rest.turn(api, account.token).status == 200
    account_state.assert_whole(api, account.username, account.password)


@pytest.mark.parametrize(
    ("new", "kind"), [("short", "string_too_short"), ("x" * 129, "string_too_long"), (5, "string_type")]
)
def test_a_bad_new_password_changes_nothing(api, account, new, kind):
    answer = rest.change_password(api, account.token, account.password, new)
    raw_http.assert_error(answer, 422)
    assert [item["type"] for item in answer.json()["detail"]] == [kind]
    assert rest.turn(api, account.token).status == 200


def test_others_keep_their_tokens(api, account):
    other = rest.Account(api)
    assert rest.change_password(api, account.token, account.password, secrets.password()).status == 200
    assert rest.turn(api, other.token).status == 200
