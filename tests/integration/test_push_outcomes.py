"""What each answer of Apple and Google does to a device's registration, and what is written down about it."""

import pytest

from support import push, wait
from support.push_fixtures import api, connected, fake

GONE, KEPT = "gone", "kept"
LATER_SECONDS = 8


def assert_log(callee, called, expected):
    """The attempts of a call: outcome and reason of each, and nothing that identifies the device or the caller."""
    found = push.wait_log(callee, len(expected), LATER_SECONDS, call_id=called.call_id)
    assert [(row.outcome, row.reason) for row in found] == expected
    assert [row.attempt for row in found] == [str(number + 1) for number in range(len(found))]
    for row in found:
        device = next(device for device in callee.devices if device.device_id == row.device_id)
        provider = {"ios": "apns", "android": "fcm"}[device.platform]
        assert (row.platform, row.provider, row.kind) == (device.platform, provider, "call")
        assert 0 <= int(row.milliseconds) < 5000
        assert not [text for text in row if device.push_token in text or called.caller in text]


# prefix, platform, the only attempt's outcome and reason, what becomes of the registration
FINAL = [
    ("ok-", "ios", "accepted", "", KEPT),
    ("unregistered-", "ios", "unregistered", "Unregistered", GONE),
    ("unregisteredold-", "ios", "unregistered", "Unregistered", KEPT),
    ("expired-", "ios", "unregistered", "ExpiredToken", GONE),
    ("topic-", "ios", "flagged", "DeviceTokenNotForTopic", KEPT),
    ("ok-", "android", "accepted", "", KEPT),
    ("unregistered-", "android", "unregistered", "UNREGISTERED", GONE),
    ("invalid-", "android", "bad_token", "INVALID_ARGUMENT", GONE),
    ("invalidpayload-", "android", "rejected", "INVALID_ARGUMENT", KEPT),
    ("sender-", "android", "flagged", "SENDER_ID_MISMATCH", KEPT),
    ("quota-", "android", "throttled", "QUOTA_EXCEEDED", KEPT),
]


@pytest.mark.parametrize(("prefix", "platform", "outcome", "reason", "after"), FINAL)
def test_an_answer_that_is_final(api, fake, prefix, platform, outcome, reason, after):
    callee = push.Callee(api, push.Device(prefix, platform))
    (device,) = callee.devices
    called = push.ring(api, callee)
    assert called[2:] == ("sent", 1 if outcome == "accepted" else 0)
    assert_log(callee, called, [(outcome, reason)])
    if after == GONE:
        push.wait_gone(callee, device)
        assert push.ring(api, callee)[2:] == ("no_registrations", 0)
    else:
        push.wait_result(callee, device, f"{outcome}: {reason}" if reason else outcome)
        assert [entry["device_id"] for entry in push.devices(api, callee)] == [device.device_id]
    assert len(fake.wait_pushes(1, token=device.push_token)) == 1


@pytest.mark.parametrize("platform", ["ios", "android"])
def test_an_answer_that_nobody_understands(api, fake, platform):
    callee = push.Callee(api, push.Device("badjson-", platform))
    assert push.ring(api, callee)[2:] == ("sent", 0)
    (row,) = push.wait_log(callee, 1)
    assert row.outcome == "rejected"
    assert push.registration(callee, callee.devices[0])
    fake.wait_pushes(1, token=callee.devices[0].push_token)


# prefix, platform, outcome and reason of the first attempt, shortest pause in seconds; the second one is accepted
AGAIN = [
    ("500-1-", "ios", "unavailable", "InternalServerError", 0.05),
    ("503-1-", "ios", "unavailable", "ServiceUnavailable", 0.05),
    ("429-1-", "ios", "throttled", "TooManyRequests", 0.95),
    ("500-1-", "android", "unavailable", "INTERNAL", 0.05),
    ("503-1-", "android", "unavailable", "UNAVAILABLE", 0.95),
]


@pytest.mark.parametrize(("prefix", "platform", "outcome", "reason", "pause"), AGAIN)
def test_an_answer_that_asks_for_another_attempt(api, fake, prefix, platform, outcome, reason, pause):
    callee = push.Callee(api, push.Device(prefix, platform), push.android())  # one that rings, so that the call is on
    failing, _ = callee.devices
    called = push.ring(api, callee)
    first, second = fake.wait_pushes(2, LATER_SECONDS, token=failing.push_token)
    assert pause <= second.at - first.at < LATER_SECONDS
    assert (first.call_id, second.call_id, second.status) == (called.call_id, called.call_id, 200)
    found = push.wait_log(callee, 2, LATER_SECONDS, device_id=failing.device_id)
    assert [(row.attempt, row.outcome, row.reason) for row in found] == [("1", outcome, reason), ("2", "accepted", "")]
    push.wait_result(callee, failing, "accepted")


NEVER = [("500-", "ios"), ("429-", "ios"), ("503-", "android"), ("429-", "android")]


@pytest.mark.parametrize(("prefix", "platform"), NEVER)
def test_a_device_that_never_gets_through_keeps_its_registration(api, prefix, platform):
    callee = push.Callee(api, push.Device(prefix, platform))
    (device,) = callee.devices
    assert push.ring(api, callee)[2:] == ("sent", 0)
    assert push.registration(callee, device).push_token == device.push_token
    rows = wait.until(lambda: push.log_rows(callee), push.RECORD_SECONDS, "a line of the log")
    outcomes = {row.outcome for row in rows}
    assert outcomes <= {"throttled", "unavailable", "cancelled"} and outcomes - {"cancelled"}, outcomes


def test_a_quota_without_a_time_is_not_tried_again_in_this_call(api, fake):
    callee = push.Callee(api, push.android("quota-1-"), push.ios())
    assert push.ring(api, callee).sent == 1
    fake.wait_pushes(1, token=callee.devices[0].push_token)
    fake.assert_quiet(1.5, token=callee.devices[0].push_token)


def test_many_outcomes_of_one_call(api):
    """No device's fate touches another's."""
    push.reach(api, "sandbox-")
    apples = ("ok-", "unregistered-", "topic-", "500-1-", "baddevice-", "sandbox-", "badjson-", "hang-")
    googles = ("ok-", "unregistered-", "invalidpayload-", "500-1-", "sender-", "hang-")
    apple, google = [push.ios(prefix) for prefix in apples], [push.android(prefix) for prefix in googles]
    callee = push.Callee(api, *apple, *google)
    assert push.ring(api, callee)[2:] == ("sent", 5)
    gone = {apple[1].device_id, apple[4].device_id, google[1].device_id}
    for device in callee.devices:
        if device.device_id in gone:
            push.wait_gone(callee, device)
    kept = {device.device_id for device in callee.devices} - gone
    assert {row.device_id for row in push.registrations(callee)} == kept


# What an app does while the provider's "that token is gone" is under way.
def renew(api, callee, device):
    push.assert_registered(push.register_device(api, callee, device))
    return callee


def replace(api, callee, device):
    device.push_token = push.new_token()
    return renew(api, callee, device)


def move(api, _, device):
    """The same device, now another user's."""
    return renew(api, push.Callee(api), device)


@pytest.mark.parametrize("change", [renew, replace, move])
def test_a_registration_that_changed_meanwhile_survives(api, fake, change):
    callee = push.Callee(api, push.ios("unregisteredslow-1200-"))
    (device,) = callee.devices
    old = device.push_token
    push.age_registration(callee)
    with push.ringing(api, callee):
        assert fake.wait_push(token=old).status == 410  # what it will be answered
        owner = change(api, callee, device)
    push.wait_log(callee, 1, outcome="unregistered")
    assert push.registration(owner, device).push_token == device.push_token


def test_a_registration_that_did_not_change_goes(api):
    callee = push.Callee(api, push.ios("unregisteredslow-1200-"))
    push.age_registration(callee)
    push.ring(api, callee)
    push.wait_gone(callee, callee.devices[0])


def test_an_access_token_that_google_refuses_is_renewed(api, fake):
    callee = push.Callee(api, push.android("unauth-"))
    (device,) = callee.devices
    assert push.ring(api, callee).sent == 1
    first, second = fake.wait_pushes(2, token=device.push_token)
    assert (first.status, second.status) == (401, 200)
    assert first.credential != second.credential
    push.wait_result(callee, device, "accepted")
    push.assert_delivers(api, fake, push.Callee(api, push.android()))


def test_a_token_that_fits_in_no_path_harms_nobody(api, fake):
    for text in ("a/../b", "a b", "a%2fb", "a?b#c", "é", "a\r\nx: y", "t" * 4000):
        callee = push.Callee(api, push.ios(), push.android())
        odd = push.ios()
        odd.push_token += text
        push.assert_registered(push.register_device(api, callee, odd))
        assert push.ring(api, callee).sent >= 2, text
    fake.assert_no_problems()
