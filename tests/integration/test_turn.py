"""TURN credentials: what coturn computes from the same secret."""

import time

from support import api_process, raw_http, rest, stack, tokens, turn

DAY = 86400


def test_credentials_are_what_the_turn_server_expects(api, account):
    before = int(time.time())
    answer = rest.turn(api, account.token)
    after = int(time.time())
    assert answer.status == 200
    content = answer.json()
    assert list(content) == ["username", "password", "ttl", "uris"]
    expiry, name = content["username"].split(":")
    assert name == account.username
    assert before + DAY <= int(expiry) <= after + DAY
    assert content["password"] == turn.password(content["username"])
    assert content["ttl"] == DAY
    assert content["uris"] == [
        "turn:example.com:3478?transport=udp",
        "turn:example.com:3478?transport=tcp",
        "turns:example.com:5349?transport=tcp",
    ]
    assert answer.header("cache-control") == "no-store"


def test_lifetime_and_addresses_can_be_set():
    jid = f"someone@{stack.DOMAIN}"
    with api_process.ApiProcess(TURN_TTL="600", TURN_URIS="turn:a.example:1?transport=udp, turns:b.example:2") as api:
        content = rest.turn(api, tokens.legacy(jid)).json()
    assert content["ttl"] == 600
    assert abs(int(content["username"].split(":")[0]) - time.time() - 600) < 30
    assert content["uris"] == ["turn:a.example:1?transport=udp", "turns:b.example:2"]


def test_the_domain_is_in_the_addresses():
    with api_process.ApiProcess(TURN_DOMAIN="relay.example", TURN_PORT="1000", TURN_PORT_TLS="2000") as api:
        content = rest.turn(api, tokens.legacy(f"someone@{stack.DOMAIN}")).json()
    assert content["uris"] == [
        "turn:relay.example:1000?transport=udp",
        "turn:relay.example:1000?transport=tcp",
        "turns:relay.example:2000?transport=tcp",
    ]


def test_without_a_secret_there_are_no_credentials():
    with api_process.ApiProcess(TURN_SECRET="", ALLOW_WEAK_SECRETS="true") as api:
        raw_http.assert_error(rest.turn(api, tokens.legacy(f"someone@{stack.DOMAIN}")), 503, "TURN server not configured")
        raw_http.assert_error(rest.turn(api, None), 401, "Not authenticated")
