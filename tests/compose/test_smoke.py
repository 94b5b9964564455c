"""A first day: accounts, messages, a group, and what the log says of it. Calls are in tests/compose/calls.mjs."""

import os
import subprocess

import engine
import pytest
from support import groups, muc, raw_http, rest, secrets, wait, xmpp_client

READ_SECONDS = 10


@pytest.fixture
def two(api):
    return rest.Account(api, "alice"), rest.Account(api, "bob")


def test_an_account_signs_in(api, account):
    assert rest.login(api, account.username, account.password).status == 200
    assert rest.login(api, account.username, "wrong password").status == 401
    assert rest.turn(api, account.token).status == 200


def test_messages_reach_the_other_one(two):
    alice, bob = two
    with xmpp_client.Session(bob.username, bob.password) as his, xmpp_client.Session(alice.username, alice.password) as hers:
        hers.send(bob.jid, "hello from outside")
        wait.until(lambda: "hello from outside" in his.bodies(), READ_SECONDS, "the message")


def test_a_group_talks(api, two):
    alice, bob = two
    group = groups.created(api, alice, members=[bob])
    with xmpp_client.Session(bob.username, bob.password) as his, xmpp_client.Session(alice.username, alice.password) as hers:
        rooms = [muc.Room(session, group.jid).join() for session in (his, hers)]
        rooms[1].say("hello group")
        rooms[0].wait_heard("hello group")
    assert groups.members(api, bob, group) == groups.roles(owner=[alice], member=[bob])


def test_the_public_port_keeps_the_webhook_to_kamailio(api):
    body = {"callee_username": "bob", "caller_username": "alice", "call_id": "1", "call_type": "audio"}
    raw_http.assert_error(rest.call(api, "POST", "/push/call-notify", body), 401, "Invalid webhook secret")


def test_operators_ask_on_loopback():
    answer = raw_http.request(int(os.environ["ADMIN_PORT"]), "GET", "/readyz")
    assert (answer.status, answer.json()["checks"]) == (200, {"database": "ok", "ejabberd": "ok"})


def test_the_servers_name_is_certified(tmp_path):
    """By the authority that the project made, as an app would check it; file upload and SIP show the same certificate."""
    for port in ("XMPP_PORT_TLS", "XMPP_PORT_UPLOAD", "SIP_PORT_TLS", "SIP_PORT_WSS", "TURN_PORT_TLS"):
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{os.environ[port]}", "-CAfile", os.environ["EJABBERD_CA_FILE"]]
        verify = ["-verify_return_error", "-verify_hostname", os.environ["XMPP_DOMAIN"], "-servername", os.environ["XMPP_DOMAIN"]]
        done = subprocess.run([*command, *verify], input="", capture_output=True, text=True, timeout=READ_SECONDS, check=False)
        assert "Verify return code: 0 (ok)" in done.stdout, f"{port}: {done.stdout[-1500:]}{done.stderr[-500:]}"


def test_logs_hold_no_secret():
    said = engine.logs()
    assert "api listening on" in said
    assert secrets.leaked_in(said) == []
    configured = [value for name, value in os.environ.items() if name.endswith(("_PASSWORD", "_SECRET")) and len(value) >= 16]
    assert configured and not [secret for secret in configured if secret in said]
