"""Apple's two environments: a device that one does not know is tried in the other, and where it works is remembered."""

import pytest

from support import api_process, fake_push, push, wait
from support.push_fixtures import api, fake

OTHER = {"production": "sandbox", "sandbox": "production"}


@pytest.fixture(scope="module")
def sandbox_first(fake):
    with api_process.ApiProcess(**fake.env(), APNS_USE_SANDBOX="true") as process:
        push.reach(process, "production-")
        yield process


@pytest.fixture(scope="module", autouse=True)
def sandbox_second(api):
    push.reach(api, "sandbox-")


def environments(fake, device, count):
    """Where the pushes of a device went."""
    return [sent.environment for sent in fake.wait_pushes(count, token=device.push_token)]


@pytest.mark.parametrize("first", ["production", "sandbox"])
def test_the_other_environment_is_tried_once_and_remembered(request, fake, first):
    api = request.getfixturevalue("api" if first == "production" else "sandbox_first")
    known, other = push.Callee(api, push.ios(f"{first}-")), push.Callee(api, push.ios(f"{OTHER[first]}-"))
    for callee in (known, other):
        assert push.ring(api, callee)[2:] == ("sent", 1)
        push.wait_result(callee, callee.devices[0], "accepted")
    assert environments(fake, known.devices[0], 1) == [first]
    assert environments(fake, other.devices[0], 2) == [first, OTHER[first]]
    assert push.registration(known, known.devices[0]).apns_environment == first
    assert push.registration(other, other.devices[0]).apns_environment == OTHER[first]
    for callee in (known, other):
        push.assert_delivers(api, fake, callee)
    assert environments(fake, known.devices[0], 2) == [first, first]
    assert environments(fake, other.devices[0], 3) == [first, OTHER[first], OTHER[first]]


def test_a_cancel_push_goes_where_the_call_went(api, fake):
    callee = push.Callee(api, push.ios("sandbox-"))
    called = push.rung(api, callee, 1)
    assert push.cancelled(api, callee, called.call_id) == 1
    assert fake.wait_push(token=callee.devices[0].push_token, kind="cancel").environment == "sandbox"


def test_a_device_that_neither_knows_is_forgotten(api, fake):
    callee = push.Callee(api, push.ios("baddevice-"))
    (device,) = callee.devices
    assert push.ring(api, callee)[2:] == ("sent", 0)
    push.wait_gone(callee, device)
    assert environments(fake, device, 2) == ["production", "sandbox"]
    wait.until(lambda: push.log_rows(callee, outcome="bad_token"), push.RECORD_SECONDS, "a line of the log")
    assert {row.reason for row in push.log_rows(callee)} == {"BadDeviceToken"}


def test_a_new_token_is_tried_afresh(api, fake):
    """What was remembered belonged to the old token: an app from the store may follow one under development."""
    callee = push.Callee(api, push.ios("sandbox-"))
    (device,) = callee.devices
    assert push.ring(api, callee).sent == 1
    push.wait_result(callee, device, "accepted")
    device.push_token = push.new_token("production-")
    push.assert_registered(push.register_device(api, callee, device))
    assert push.ring(api, callee).sent == 1
    assert environments(fake, device, 1) == ["production"]


def test_a_remembered_environment_that_no_longer_works_is_left(api, fake):
    callee = push.Callee(api, push.ios("sandbox-"))
    (device,) = callee.devices
    push.set_environment(callee, "production")
    assert push.ring(api, callee).sent == 1
    assert environments(fake, device, 2) == ["production", "sandbox"]
    push.wait_result(callee, device, "accepted")
    assert push.registration(callee, device).apns_environment == "sandbox"


def test_only_one_environment_if_so_configured():
    with fake_push.FakePush() as fake, api_process.ApiProcess(**fake.env(), APNS_TRY_BOTH="false") as api:
        callee = push.Callee(api, push.ios("sandbox-"), push.ios("production-"))
        unknown, known = callee.devices
        assert push.ring(api, callee)[2:] == ("sent", 1)
        push.wait_gone(callee, unknown)
        assert environments(fake, unknown, 1) == ["production"]
        assert push.registration(callee, known)
    assert [event for event in fake.events("connection") if event["name"] == "sandbox"] == []
