"""`veil-api push explain`: why a user's phone rings or does not, in words for an operator, and never a token."""

import pytest

from support import api_process, push, rest, secrets, stack
from support.push_fixtures import api, fake


def run(fake, *arguments, **changes):
    env = {name: value for name, value in (stack.api_environment() | fake.env() | changes).items() if value is not None}
    return api_process.run("push", "explain", *arguments, env=env)


def explain(fake, jid, **changes):
    """What it says, on standard output alone and without secrets."""
    done = run(fake, jid, **changes)
    assert done.returncode == 0, done.stderr
    assert secrets.leaked_in(done.stdout + done.stderr) == []
    assert not [mark for mark in api_process.SANITIZER_MARKS if mark in done.stderr]
    assert jid.lower() in done.stdout
    return done.stdout


def test_an_account_without_devices(fake, account):
    assert "no device" in explain(fake, account.jid).lower()


def test_an_unknown_account(fake):
    said = explain(fake, rest.jid(rest.new_name("nobody")))
    assert "unknown" in said.lower() and "no device" in said.lower()


def test_devices_and_what_became_of_them(api, fake):
    callee = push.Callee(api, push.ios(), push.ios("topic-"), push.android(), push.android("sender-"))
    never = push.ios(app_id="org.example.other")
    called = push.ring(api, callee)
    for device, result in zip(callee.devices[1:4:2], ("DeviceTokenNotForTopic", "SENDER_ID_MISMATCH"), strict=True):
        push.wait_result(callee, device, f"flagged: {result}")
    push.wait_log(callee, 4)
    push.assert_registered(push.register_device(api, callee, never))
    said = explain(fake, callee.jid)
    for device in (*callee.devices, never):
        assert device.device_id in said and device.app_id in said
    for word in ("ios", "android", "accepted", "DeviceTokenNotForTopic", "SENDER_ID_MISMATCH", called.call_id):
        assert word in said
    assert called.caller not in said


def test_the_latest_calls(api, fake):
    callee = push.Callee(api, push.android(), push.ios("unregistered-"))
    called = push.rung(api, callee, 1)
    assert push.cancelled(api, callee, called.call_id) == 1
    assert push.test_push(api, callee, callee.devices[0]).status == 200
    push.wait_log(callee, 4)
    said = explain(fake, callee.jid)
    for word in (called.call_id, "cancel", "test", "Unregistered", callee.devices[0].device_id):
        assert word in said


def test_a_platform_that_is_off(api, fake):
    callee = push.Callee(api, push.ios(), push.android())
    said = explain(fake, callee.jid, APNS_KEY_ID="")
    assert "APNS_KEY_ID" in said
    assert "FCM_SERVICE_ACCOUNT_PATH" not in said
    assert "FCM_SERVICE_ACCOUNT_PATH" in explain(fake, callee.jid, FCM_SERVICE_ACCOUNT_PATH="/nothing/here.json")


def test_nothing_is_sent(api, fake):
    callee = push.Callee(api, push.ios(), push.android())
    explain(fake, callee.jid)
    push.assert_delivers(api, fake, callee)
    assert len([sent for device in callee.devices for sent in fake.pushes(token=device.push_token)]) == 2


def test_a_devices_name_moves_no_cursor(api, fake, account):
    device = push.ios()
    device.device_id, device.app_id = "\x1b[2Jevil\r\n", "app\x1b]0;x\x07"
    push.assert_registered(push.register_device(api, account, device))
    said = explain(fake, account.jid)
    assert "evil" in said and not [c for c in said if ord(c) < 0x20 and c != "\n"]


def test_the_name_may_be_written_in_capitals(fake, account):
    assert "no device" in explain(fake, account.jid.upper()).lower()


AT_OURS = f"@{stack.DOMAIN}"


@pytest.mark.parametrize(
    "arguments",
    [(), ("",), ("nonsense",), (AT_OURS,), ("a b" + AT_OURS,), ("a@other.example",), ("a" + AT_OURS + "/x",)],
)
def test_what_is_no_address_of_ours_is_refused(fake, arguments):
    done = run(fake, *arguments)
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr


def test_without_the_database_it_fails_plainly(fake, account):
    done = run(fake, account.jid, DB_URL=None, DB_HOST="127.0.0.1", DB_PORT="1")
    assert done.returncode == 1
    assert done.stdout == "" and done.stderr
    assert secrets.leaked_in(done.stderr) == []
