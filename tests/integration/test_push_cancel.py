"""Ending a call: exactly the devices that rang are told, once, and whatever is still being tried stops."""

import time

import pytest

from support import api_process, database, push, rest, wait
from support.concurrency import together
from support.push_fixtures import api, fake
from support.validation import items, missing, not_text, too_long, too_short

REASONS = ("cancelled", "answered_elsewhere", "timeout")
PATTERN = "^(cancelled|answered_elsewhere|timeout)$"


@pytest.fixture
def callee(api):
    return push.Callee(api, push.ios(), push.android())


def told(fake, device):
    """The cancel pushes of a device."""
    return fake.pushes(token=device.push_token, kind="cancel")


@pytest.mark.parametrize("reason", REASONS)
def test_every_device_that_rang_is_told(api, fake, callee, reason):
    called = push.rung(api, callee, 2)
    before = int(time.time())
    assert push.cancelled(api, callee, called.call_id, reason) == 2
    ios, android = (fake.wait_push(token=device.push_token, kind="cancel") for device in callee.devices)
    sent_at = ios.payload["sent_at"]
    assert before <= sent_at <= time.time() and type(sent_at) is int
    common = {"type": "cancel", "call_id": called.call_id, "reason": reason}
    assert ios.payload == common | {"sent_at": sent_at, "expires_at": ios.payload["expires_at"]}
    assert type(ios.payload["expires_at"]) is int and sent_at < ios.payload["expires_at"] <= sent_at + 120
    times = {name: android.data[name] for name in ("sent_at", "expires_at")}
    assert android.data == common | times and all(text.isdigit() for text in times.values())
    assert (ios.status, ios.headers["apns-push-type"], ios.headers["apns-priority"]) == (200, "voip", "10")
    assert ios.headers["apns-topic"] == callee.devices[0].app_id + ".voip"
    assert ios.headers["apns-id"] != fake.pushes(token=ios.token, kind="call")[0].headers["apns-id"]
    assert (android.status, android.payload["message"]["android"]["priority"]) == (200, "HIGH")
    assert {row.outcome for row in push.wait_log(callee, 2, kind="cancel")} == {"accepted"}


def test_devices_ring_and_are_told_while_the_disk_stalls(api, callee):
    with database.stalled_disk():
        called = push.rung(api, callee, 2)
        assert push.cancelled(api, callee, called.call_id) == 2


def test_whom_the_call_did_not_reach_is_told_nothing(api, fake):
    callee = push.Callee(api, push.ios(), push.ios("topic-"), push.ios("unregistered-"), push.android("sender-"))
    called = push.rung(api, callee, 1)
    late = push.android()
    push.assert_registered(push.register_device(api, callee, late))
    assert push.cancelled(api, callee, called.call_id) == 1
    assert len(fake.wait_pushes(1, call_id=called.call_id, kind="cancel")) == 1
    push.ring(api, callee)
    assert fake.wait_push(token=late.push_token).kind == "call"
    assert [len(told(fake, device)) for device in (*callee.devices, late)] == [1, 0, 0, 0, 0]


def test_a_device_that_has_left_is_told_nothing(api, fake, callee):
    gone, kept = callee.devices
    called = push.rung(api, callee, 2)
    assert push.unregister_device(api, callee, gone.device_id).status == 200
    new_owner = push.Callee(api)
    moved = push.ios()
    moved.push_token = gone.push_token
    push.assert_registered(push.register_device(api, new_owner, moved))
    assert push.cancelled(api, callee, called.call_id) == 1
    fake.wait_push(token=kept.push_token, kind="cancel")
    assert push.ring(api, new_owner).sent == 1
    fake.wait_pushes(2, token=gone.push_token, kind="call")
    assert told(fake, gone) == []


def test_once_is_enough(api, fake, callee):
    with api_process.ApiProcess(**fake.env()) as second:
        push.wait_connected(second)
        called = push.rung(api, callee, 2)
        ends = together([lambda at=at: push.cancelled(at, callee, called.call_id) for at in (api, second) * 5])
        assert sum(ends) == 2
        push.cancelled(second, callee.username.upper(), called.call_id, "timeout")
    push.assert_delivers(api, fake, callee)
    assert [len(told(fake, device)) for device in callee.devices] == [1, 1]


def test_an_end_right_behind_the_announcement_is_told_too(api, fake, callee):
    """Before the server has written down who rings: it tells those devices when it has."""
    for _ in range(5):
        called = push.ring(api, callee)
        push.cancelled(api, callee, called.call_id)
        ends = fake.wait_pushes(2, call_id=called.call_id, kind="cancel")
        assert {end.token for end in ends} == {device.push_token for device in callee.devices}
    push.assert_delivers(api, fake, callee)
    assert [len(told(fake, device)) for device in callee.devices] == [5, 5]


def test_nobody_is_told_of_an_unknown_call(api, fake, callee):
    called = push.ring(api, callee)
    other = push.Callee(api, push.ios())
    assert push.cancelled(api, callee, push.new_call_id()) == 0
    assert push.cancelled(api, other, called.call_id) == 0
    for name in ("nobody_here", "", "a b", callee.jid, "\U0001f600"):
        assert push.cancelled(api, name, called.call_id) == 0
    push.assert_delivers(api, fake, callee)
    assert [len(told(fake, device)) for device in (*callee.devices, *other.devices)] == [0, 0, 0]


def test_one_callees_end_is_not_the_others(api, fake, callee):
    other = push.Callee(api, push.ios())
    called = push.rung(api, callee, 2)
    assert push.ring(api, other, call_id=called.call_id).sent == 1
    push.wait_rung(called.call_id, 3)
    assert push.cancelled(api, callee, called.call_id, "answered_elsewhere") == 2
    push.assert_delivers(api, fake, other)
    assert told(fake, other.devices[0]) == []
    assert push.cancelled(api, other, called.call_id) == 1


def test_a_call_that_ended_before_it_was_announced_rings_nobody(api, fake, callee):
    call_id = push.new_call_id()
    assert push.cancelled(api, callee, call_id) == 0
    assert push.ring(api, callee, call_id=call_id).sent == 0
    assert push.cancelled(api, callee, call_id) == 0
    push.assert_delivers(api, fake, callee)
    assert fake.pushes(call_id=call_id) == []


def test_the_end_of_a_call_ends_its_retries(api, fake):
    callee = push.Callee(api, push.ios("503-"), push.android())
    failing, rung = callee.devices
    with push.ringing(api, callee) as first:
        wait.until(lambda: len(fake.pushes(token=failing.push_token)) >= 2, 5, "two attempts")
        call_id = fake.pushes(token=failing.push_token)[0].call_id
        push.wait_rung(call_id, 1)
        assert push.cancelled(api, callee, call_id) == 1
        assert first.result()[2:] == ("sent", 1)
    fake.wait_push(token=rung.push_token, kind="cancel")
    fake.assert_quiet(2.5, token=failing.push_token)
    assert told(fake, failing) == []
    push.wait_result(callee, rung, "accepted")


def test_a_push_that_was_accepted_after_the_end_is_followed_by_it(api, fake):
    callee, call_id = push.Callee(api, push.ios("slow-1000-")), push.new_call_id()
    with push.ringing(api, callee, call_id=call_id):
        assert fake.wait_push(token=callee.devices[0].push_token).call_id == call_id
        push.cancelled(api, callee, call_id, "answered_elsewhere")
    end = fake.wait_push(8, token=callee.devices[0].push_token, kind="cancel")
    assert (end.call_id, end.data["reason"]) == (call_id, "answered_elsewhere")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"callee_username": 1}, [not_text("callee_username")]),
        ({"call_id": ""}, [too_short("call_id", 1)]),
        ({"call_id": "c" * 256, "reason": None}, [too_long("call_id", 255), not_text("reason")]),
        *[({"reason": reason}, "reason") for reason in ("", "other", "CANCELLED", "timeout\n")],
    ],
)
def test_every_field_is_checked(api, changes, expected):
    body = {"callee_username": "nobody_here", "call_id": push.new_call_id(), "reason": "timeout"} | changes
    found = items(push.webhook(api, "/push/call-cancel", body))
    if expected == "reason":
        assert [(item["type"], item["loc"], item["ctx"]) for item in found] == [
            ("string_pattern_mismatch", ["body", "reason"], {"pattern": PATTERN})
        ]
    else:
        assert found == expected


def test_all_fields_are_required(api):
    fields = ("callee_username", "call_id", "reason")
    assert items(push.webhook(api, "/push/call-cancel", {})) == [missing(name) for name in fields]


def test_a_users_token_ends_no_call(api, callee):
    called = push.rung(api, callee, 2)
    body = {"callee_username": callee.username, "call_id": called.call_id, "reason": "cancelled"}
    assert rest.call(api, "POST", "/push/call-cancel", body, callee.token).status == 401
    assert push.cancelled(api, callee, called.call_id) == 2
