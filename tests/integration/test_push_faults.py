"""Providers that are away, silent or broken: nobody waits for them, nobody is forgotten, and what can still ring does.

Apple and Google are two processes here, so that one device's push is accepted and the call is on while the other's
provider is in trouble."""

import itertools
import time

import pytest

from support import api_process, fake_push, push, wait
from support.concurrency import together

RING_SECONDS = 12
LATER_SECONDS = 8
TROUBLE = ("drop-", "reset-", "refused-", "goaway-", "garbage-")


@pytest.fixture(scope="module")
def apple():
    with fake_push.FakePush() as provider:
        yield provider


@pytest.fixture(scope="module")
def google(apple):  # after the other one, whose keys it takes over
    with fake_push.FakePush() as provider:
        yield provider


@pytest.fixture(scope="module")
def api(apple, google):
    with api_process.ApiProcess(**fake_push.mixed(apple, google), RING_TIME=str(RING_SECONDS)) as process:
        yield process


@pytest.fixture(autouse=True)
def healthy(api):
    """The connections work before a test and, without help, behind it."""
    callee = push.Callee(api, push.ios(), push.android())
    wait.until(lambda: push.ring(api, callee).sent == 2, RING_SECONDS, "both providers are reached")
    yield
    wait.until(lambda: push.ring(api, callee).sent == 2, RING_SECONDS, "both providers are reached again")


def assert_kept(*callees):
    for callee in callees:
        tokens = {row.push_token for row in push.registrations(callee)}
        assert tokens == {device.push_token for device in callee.devices}


@pytest.mark.parametrize("platform", ["ios", "android"])
@pytest.mark.parametrize("prefix", TROUBLE)
def test_a_broken_connection_is_replaced_and_the_push_sent_again(api, apple, google, prefix, platform):
    provider, safe = (apple, push.android()) if platform == "ios" else (google, push.ios())
    callee = push.Callee(api, push.Device(prefix, platform), safe)
    assert push.ring(api, callee).sent >= 1
    provider.wait_push(RING_SECONDS, token=callee.devices[0].push_token, status=200)
    push.wait_result(callee, callee.devices[0], "accepted")
    assert_kept(callee)


def test_a_silent_connection_is_noticed_and_replaced(api, apple):
    callee = push.Callee(api, push.ios("mute-"), push.android())
    assert push.ring(api, callee)[2:] == ("sent", 1)
    apple.wait_push(RING_SECONDS, token=callee.devices[0].push_token, status=200)
    push.wait_result(callee, callee.devices[0], "accepted")


def test_one_answer_that_never_comes_holds_up_nobody(api):
    callee = push.Callee(api, push.ios("hang-"), push.ios(), push.android("hang-"), push.android())
    for _ in range(2):
        assert push.ring(api, callee)[2:] == ("sent", 2)
    assert_kept(callee)


def test_the_webhook_is_answered_in_two_seconds_whoever_is_silent(api):
    """The best of three: the server keeps the time, the machine may pause."""
    callee = push.Callee(api, push.ios("hang-"), push.ios(), push.android("hang-"), push.android())
    begun = [time.monotonic()]
    for _ in range(3):
        assert push.ring(api, callee)[2:] == ("sent", 2)
        begun.append(time.monotonic())
    assert min(later - earlier for earlier, later in itertools.pairwise(begun)) < 2


def test_an_answer_after_the_deadline_still_counts(api, apple):
    callee = push.Callee(api, push.ios("slow-4000-"), push.android())
    called = push.ring(api, callee)
    assert called[2:] == ("sent", 1)
    push.wait_result(callee, callee.devices[0], "accepted", LATER_SECONDS)
    push.wait_rung(called.call_id, 2)
    push.assert_delivers(api, apple, push.Callee(api, push.ios()))
    assert apple.pushes(call_id=called.call_id, kind="cancel") == []
    assert push.cancelled(api, callee, called.call_id) >= 1  # the slow one takes longer than the answer may
    end = apple.wait_push(LATER_SECONDS, call_id=called.call_id, kind="cancel")
    assert (end.token, end.status) == (callee.devices[0].push_token, 200)


def test_who_rings_after_the_call_was_given_up_is_told_so(api, apple):
    """The answer was that nobody rings: the caller has heard that by now."""
    callee = push.Callee(api, push.ios("slow-4000-"))
    called = push.ring(api, callee)
    assert called[2:] == ("sent", 0)
    assert apple.wait_push(LATER_SECONDS, kind="call", call_id=called.call_id).status == 200
    end = apple.wait_push(LATER_SECONDS, kind="cancel", call_id=called.call_id)
    assert (end.token, end.data["reason"]) == (callee.devices[0].push_token, "timeout")
    assert_kept(callee)


def test_a_call_that_was_given_up_is_not_tried_again(api, apple):
    callee = push.Callee(api, push.ios("503-"))
    called = push.ring(api, callee)
    assert called[2:] == ("sent", 0)
    wait.until(lambda: push.call_devices(called.call_id)[0][1] == "failed", push.RECORD_SECONDS, "the end of the attempts")
    apple.assert_quiet(2.5, token=callee.devices[0].push_token)
    assert len(apple.pushes(token=callee.devices[0].push_token)) >= 2
    push.wait_result(callee, callee.devices[0], "unavailable: ServiceUnavailable")


def hundred(api, prefix):
    """Five accounts with twenty devices each; the token of one in the middle begins with `prefix`."""
    prefixes = ["ok-"] * 100
    prefixes[50] = prefix
    parts = [prefixes[n : n + 20] for n in range(0, 100, 20)]
    return together([lambda part=part: push.Callee(api, *[push.ios(each) for each in part]) for part in parts])


@pytest.mark.parametrize("prefix", ["goaway-", "garbage-", "shrink-"])
def test_trouble_in_the_middle_of_many_loses_none(api, apple, prefix):
    callees = hundred(api, prefix)
    calls = together([lambda callee=callee: push.ring(api, callee) for callee in callees])
    assert all(called.sent >= 1 for called in calls), calls
    wanted = {device.push_token for callee in callees for device in callee.devices}

    def accepted():
        return [sent.token for sent in apple.pushes(status=200) if sent.token in wanted]

    wait.until(lambda: set(accepted()) == wanted, RING_SECONDS, "every device rings")
    # Only where the connection broke without a word can nobody know whether a device has rung already.
    assert len(accepted()) == len(wanted) or prefix == "garbage-"
    assert_kept(*callees)
    if prefix == "shrink-":
        push.assert_delivers(api, apple, push.Callee(api, *[push.ios() for _ in range(6)]))  # one after the other
        push.assert_delivers(api, apple, push.Callee(api, push.ios("grow-")))


def test_a_provider_that_comes_back_within_the_ring_time_is_used(api, apple):
    callee = push.Callee(api, push.ios(), push.android())
    apple.stop()
    try:
        assert push.ring(api, callee)[2:] == ("sent", 1)
        assert_kept(callee)
    finally:
        apple.start()
    apple.wait_push(RING_SECONDS, token=callee.devices[0].push_token, status=200)
    push.wait_result(callee, callee.devices[0], "accepted")


def test_a_provider_that_dies_is_missed_by_nobody_else(api, apple):
    callee = push.Callee(api, push.ios(), push.android())
    apple.kill()
    try:
        assert push.ring(api, callee)[2:] == ("sent", 1)
    finally:
        apple.start()
    assert_kept(callee)
