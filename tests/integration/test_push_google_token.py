"""Google's access token: fetched once for everybody, renewed early, and the old one used for as long as it lives."""

import socket

import pytest

from support import api_process, fake_push, push, relay, wait
from support.concurrency import together

NEW_TOKEN_SECONDS = 15


@pytest.fixture
def dead_port():
    """A port that nobody listens on while the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def statuses(fake):
    return [request["status"] for request in fake.token_requests()]


def test_many_pushes_at_once_share_one_token():
    with fake_push.FakePush() as fake, api_process.ApiProcess(**fake.env()) as api:
        callees = together([lambda n=n: push.Callee(api, *[push.android() for _ in range(n)]) for n in (20, 20, 10)])
        together([lambda callee=callee: push.all_rung(api, callee) for callee in callees])
        fake.wait_pushes(50, provider="fcm")
        assert statuses(fake) == [200]
        assert len({sent.credential for sent in fake.pushes()}) == 1


def test_many_refusals_at_once_fetch_one_new_token():
    with fake_push.FakePush() as fake, api_process.ApiProcess(**fake.env()) as api:
        callee = push.Callee(api, *[push.android("unauth-") for _ in range(20)])
        push.all_rung(api, callee)
        fake.wait_pushes(20, provider="fcm", status=200)
        assert statuses(fake) == [200, 200]


def test_the_token_is_renewed_before_its_end():
    """It lives for 301 s and is renewed 300 s before its end: every second."""
    with fake_push.FakePush(google_token_seconds=301) as fake, api_process.ApiProcess(**fake.env()) as api:
        callee = push.Callee(api, push.android())

        def renewed():
            assert push.ring(api, callee).sent == 1
            return len({sent.credential for sent in fake.pushes()}) >= 3

        wait.until(renewed, NEW_TOKEN_SECONDS, "the third token")
        assert {sent.status for sent in fake.pushes()} == {200}
        assert set(statuses(fake)) == {200}
        assert len(fake.token_requests()) <= 3 + NEW_TOKEN_SECONDS


def test_a_failure_at_first_is_made_good_within_the_call():
    with fake_push.FakePush(google_token_failures=2) as fake, api_process.ApiProcess(**fake.env()) as api:
        callee = push.Callee(api, push.android(), push.ios())
        assert push.ring(api, callee).sent in (1, 2)
        fake.wait_push(NEW_TOKEN_SECONDS, token=callee.devices[0].push_token, status=200)
        assert statuses(fake) == [503, 503, 200]
        push.wait_result(callee, callee.devices[0], "accepted")


def test_while_no_new_token_is_to_be_had_the_old_one_is_used():
    with fake_push.FakePush(google_token_seconds=301) as fake, relay.Relay(fake.ports["google"]) as endpoint:
        with api_process.ApiProcess(**fake.env() | {"FCM_TOKEN_HOST": f"localhost:{endpoint.port}"}) as api:
            callee = push.Callee(api, push.android())
            push.assert_delivers(api, fake, callee)
            endpoint.cut()
            wait.until(lambda: endpoint.refused, NEW_TOKEN_SECONDS, "the attempt to renew the token")
            for _ in range(3):
                push.assert_delivers(api, fake, callee)


def test_without_any_token_only_android_is_not_reached(dead_port):
    with fake_push.FakePush() as fake:
        env = fake.env() | {"FCM_TOKEN_HOST": f"localhost:{dead_port}", "RING_TIME": "2"}
        with api_process.ApiProcess(**env) as api:
            callee = push.Callee(api, push.android(), push.ios())
            assert push.ring(api, callee)[2:] == ("sent", 1)
            push.wait_log(callee, 1, device_id=callee.devices[1].device_id, outcome="accepted")
            assert push.any_result(callee, callee.devices[0]).startswith("unavailable")
        assert fake.pushes(provider="fcm") == []
