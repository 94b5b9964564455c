"""Deleting: gone everywhere at once, and whoever takes the name next starts with nothing."""

import pytest

from support import account_state, database, raw_http, rest, secrets, stack, tokens, wait, xmpp_client

REFUSED = "Invalid username or password."
REVOKED = "Token has been revoked"
KICK_SECONDS = 5
MESSAGE_SECONDS = 10


def delete(api, account):
    answer = rest.delete(api, account.token, account.username, account.password)
    assert (answer.status, answer.json()) == (200, {"status": "deleted"})


def test_a_deleted_account_is_gone_everywhere(api, account):
    delete(api, account)
    assert account_state.is_gone(api, account.username, account.password)
    raw_http.assert_error(rest.login(api, account.username, account.password), 401, REFUSED)
    raw_http.assert_error(rest.turn(api, account.token), 401, REVOKED)
    raw_http.assert_error(rest.turn(api, tokens.legacy(account.jid)), 401, REVOKED)
    again = rest.delete(api, account.token, account.username, account.password)
    raw_http.assert_error(again, 401, REVOKED)


def test_an_online_session_is_ended(api, account):
    with xmpp_client.Session(account.username, account.password) as session:
        assert session.contacts() == []
        delete(api, account)
        wait.until(lambda: session.ended, KICK_SECONDS, "the session is ended")


def give_phone_and_device(account):
    """A SIP phone that is registered, and a device that wants pushes."""
    user, jid = database.quoted(account.username), database.quoted(account.jid)
    database.rows(
        "INSERT INTO location (ruid, username, domain, contact) "
        f"VALUES ({user}, {user}, '{stack.DOMAIN}', 'sip:x')",
        role="kamailio",
    )
    database.rows(
        "INSERT INTO push_registrations (jid, device_id, platform, push_token, token_digest, app_id) "
        f"VALUES ({jid}, 'd', 'ios', {jid}, sha256({jid}), 'a')"
    )


def phones_and_devices(account):
    phones = database.rows(f"SELECT 1 FROM location WHERE username = {database.quoted(account.username)}")
    devices = database.rows(f"SELECT 1 FROM push_registrations WHERE jid = {database.quoted(account.jid)}")
    return len(phones), len(devices)


def test_phones_and_devices_go_with_their_account(api, account):
    other = rest.Account(api)
    for owner in (account, other):
        give_phone_and_device(owner)
    delete(api, account)
    assert phones_and_devices(account) == (0, 0)
    assert phones_and_devices(other) == (1, 1)


def test_a_wrong_password_deletes_nothing(api, account):
    answer = rest.delete(api, account.token, account.username, secrets.password())
    raw_http.assert_error(answer, 401, REFUSED)
    assert rest.turn(api, account.token).status == 200
    account_state.assert_whole(api, account.username, account.password)


def test_somebody_elses_account_cannot_be_deleted(api, account):
    other = rest.Account(api)
    for jid in (other.jid, "", "nonsense", account.jid + "/phone", account.username, account.jid + ".evil.org"):
        answer = rest.call(api, "DELETE", "/account", {"jid": jid, "password": other.password}, account.token)
        raw_http.assert_error(answer, 403, "Token JID does not match request JID")
    account_state.assert_whole(api, other.username, other.password)
    account_state.assert_whole(api, account.username, account.password)


def test_the_name_can_be_registered_again(api, account):
    delete(api, account)
    new = secrets.password()
    answer = rest.register(api, account.username, new)
    assert answer.status == 201
    assert rest.turn(api, answer.json()["token"]).status == 200
    account_state.assert_whole(api, account.username, new)
    assert not xmpp_client.can_log_in(account.username, account.password)


@pytest.fixture
def successor(api, account):
    """An account that has contacts, an archive and waiting messages is deleted, and its name registered by another."""
    friend = rest.Account(api, "friend")
    with xmpp_client.Session(friend.username, friend.password) as theirs:
        with xmpp_client.Session(account.username, account.password) as ours:
            ours.add_contact(friend.jid)
            assert ours.contacts() == [friend.jid]
            ours.send(friend.jid, "from the first owner")
            theirs.send(account.jid, "to the first owner")
            wait.until(lambda: "to the first owner" in ours.bodies(), MESSAGE_SECONDS, "the message arrives")
            wait.until(lambda: len(ours.archive()) == 2, MESSAGE_SECONDS, "both messages are archived")
        theirs.send(account.jid, "while the first owner is away")
        wait.until(lambda: len(theirs.archive()) == 3, MESSAGE_SECONDS, "the third message is archived")
        legacy = tokens.legacy(account.jid)
        delete(api, account)
        new = secrets.password()
        answer = rest.register(api, account.username, new)
        assert answer.status == 201
        with xmpp_client.Session(account.username, new) as session:
            yield session, theirs, (account.token, legacy), answer.json()["token"]


def test_the_successor_inherits_nothing(api, successor):
    session, friend, old_tokens, token = successor
    assert session.contacts() == []
    assert session.archive() == []
    # A message sent now arrives; whatever had waited would have come before it.
    friend.send(session.jid.split("/")[0], "to the second owner")
    wait.until(lambda: "to the second owner" in session.bodies(), MESSAGE_SECONDS, "a new message arrives")
    assert session.bodies() == ["to the second owner"]
    for old in old_tokens:
        raw_http.assert_error(rest.turn(api, old), 401, REVOKED)
    assert rest.turn(api, token).status == 200
