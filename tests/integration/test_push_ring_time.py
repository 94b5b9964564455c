"""Providers that are not there for the whole ring time: no push is sent behind it, and everything else goes on."""

import contextlib
import time

import pytest

from support import api_process, database, fake_push, push, raw_http, wait

RING_SECONDS = 3
LEAST_PAUSE = 0.09  # seconds before the first retry; it doubles


@pytest.fixture(scope="module")
def google():
    with fake_push.FakePush() as provider:
        yield provider


@contextlib.contextmanager
def nobody_listens():
    with fake_push.FakePush() as gone:
        gone.stop()
        yield gone


@contextlib.contextmanager
def everybody_is_silent():
    with fake_push.FakePush(mute=True) as silent:
        yield silent


def assert_apple_is_out_of_reach(api, google):
    callee, apple_only = push.Callee(api, push.ios(), push.android()), push.Callee(api, push.ios())
    assert push.ring(api, apple_only)[2:] == ("sent", 0)
    called = push.ring(api, callee)
    assert called[2:] == ("sent", 1)
    assert google.wait_push(call_id=called.call_id).token == callee.devices[1].push_token
    for owner in (callee, apple_only):
        assert push.any_result(owner, owner.devices[0]).startswith("unavailable")
    answer = push.test_push(api, callee, callee.devices[0]).json()
    assert answer["outcome"] == "unavailable" and answer["reason"]
    assert push.test_push(api, callee, callee.devices[1]).json()["outcome"] == "accepted"
    assert raw_http.request(api.port, "GET", "/readyz").status == 200


@pytest.mark.parametrize("trouble", [nobody_listens, everybody_is_silent])
def test_a_provider_that_is_away_takes_no_device_along(google, trouble):
    with trouble() as apple:
        env = fake_push.mixed(apple, google) | {"RING_TIME": str(RING_SECONDS)}
        with api_process.ApiProcess(**env) as api:
            assert_apple_is_out_of_reach(api, google)


def seconds_of_attempts(callee, device):
    """From the beginning of the first to that of the last, by the server's own clock."""
    wanted = f"jid = {database.quoted(callee.jid)} AND device_id = {database.quoted(device.device_id)}"
    return float(database.rows(f"SELECT extract(epoch FROM max(at) - min(at)) FROM push_log WHERE {wanted}")[0][0])


def assert_refused_to_the_end(callee, device, reason):
    """The last attempt may begin less than a round trip before the end: then its answer is not waited for."""
    rows = [row for row in push.log_rows(callee, device_id=device.device_id) if row.outcome != "cancelled"]
    *earlier, last = [row.reason for row in rows]
    assert set(earlier) == {reason} and last in (reason, "NoAnswer"), rows
    push.wait_result(callee, device, f"unavailable: {last}")


def test_nothing_is_sent_after_the_ring_time():
    with fake_push.FakePush() as fake, api_process.ApiProcess(**fake.env(), RING_TIME=str(RING_SECONDS)) as api:
        push.warm_up(api, fake)  # what Google is told of the time left is rounded to a second
        callee = push.Callee(api, push.ios("503-"), push.android("500-"), push.ios())
        assert push.ring(api, callee)[2:] == ("sent", 1)
        first = fake.pushes(token=callee.devices[0].push_token)[0]
        wait.until(lambda: time.time() > first.at + RING_SECONDS + 2.5, 10, "the time after the ring time")
        for device in callee.devices[:2]:
            tries = fake.pushes(token=device.push_token)
            assert len(tries) >= 3
            assert seconds_of_attempts(callee, device) <= RING_SECONDS + 0.5
            assert tries[-1].at - tries[0].at <= RING_SECONDS + 2  # the provider may be slow to read
            pauses = [later.at - earlier.at for earlier, later in zip(tries, tries[1:], strict=False)]
            assert all(pause >= LEAST_PAUSE * 2 ** min(n, 4) for n, pause in enumerate(pauses)), pauses
        assert first.payload["expires_at"] - first.payload["sent_at"] == RING_SECONDS
        ttl = fake.pushes(token=callee.devices[1].push_token)[0].payload["message"]["android"]["ttl"]
        assert ttl == f"{RING_SECONDS}s"
        for device, reason in zip(callee.devices, ("ServiceUnavailable", "INTERNAL"), strict=False):
            assert_refused_to_the_end(callee, device, reason)


def test_a_server_that_stops_as_the_ring_time_ends_tells_the_device():
    """Nobody knows whether it rings: the push was never answered. That is found out by the last results written."""
    with fake_push.FakePush() as fake, api_process.ApiProcess(**fake.env(), RING_TIME=str(RING_SECONDS)) as api:
        push.warm_up(api, fake)
        called = push.ring(api, push.Callee(api, push.ios("hang-")))
        assert called[2:] == ("sent", 0)
        first = fake.wait_push(call_id=called.call_id)
        wait.until(lambda: time.time() > first.at + RING_SECONDS - 0.7, RING_SECONDS, "the end of the ring time")
        api.stop()  # which asserts that nothing goes on behind the end
        assert [each.kind for each in fake.pushes(call_id=called.call_id)] == ["call", "cancel"]


def test_a_server_that_stops_while_pushes_are_on_their_way_stops():
    """What it stops with is asserted by its end: exit code, sanitizers, log."""
    with fake_push.FakePush() as fake, api_process.ApiProcess(**fake.env()) as api:
        push.warm_up(api, fake)  # Apple allows one stream before it has accepted anything, and one push here is slow
        callee = push.Callee(api, push.ios("503-"), push.android("hang-"), push.ios("slow-30000-"), push.ios())
        assert push.ring(api, callee)[2:] == ("sent", 1)
        api.stop()
        rows = push.registrations(callee)
    assert {row.device_id for row in rows} == {device.device_id for device in callee.devices}
    assert push.log_rows(callee, device_id=callee.devices[3].device_id, outcome="accepted")
