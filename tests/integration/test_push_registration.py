"""Devices: registering, listing and removing them, and whose they are, also when many requests come at once."""

import datetime
import re

import pytest

from support import push, raw_http, rest, secrets, tokens
from support.concurrency import together
from support.push_fixtures import api, fake
from support.validation import items, missing, not_text, too_long, too_short

MISMATCH = "Token JID does not match request JID"
NOT_FOUND = "Push registration not found"
MOST = 20
PLATFORM = "^(ios|android)$"


def assert_deregistered(answer):
    assert (answer.status, answer.json()) == (200, {"status": "deregistered"}), answer


def device_ids(account):
    return [row.device_id for row in push.registrations(account)]


def test_a_device_is_listed_as_it_was_registered(api, account):
    first, second = push.ios(app_id="org.example.one"), push.android(app_id="org.example.two")
    for device in (first, second):
        push.assert_registered(push.register_device(api, account, device))
    answer = rest.call(api, "GET", "/push/devices", token=account.token)
    assert first.push_token not in answer.body.decode() and second.push_token not in answer.body.decode()
    listed = push.devices(api, account)
    assert [entry["device_id"] for entry in listed] == [second.device_id, first.device_id]  # newest first
    for entry, device in zip(listed, (second, first), strict=True):
        assert list(entry) == ["device_id", "platform", "app_id", "registered_at", "last_result"]
        assert (entry["platform"], entry["app_id"], entry["last_result"]) == (device.platform, device.app_id, None)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", entry["registered_at"])
        age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(entry["registered_at"])
        assert abs(age.total_seconds()) < 30


def test_the_last_result_is_listed(api, fake):
    callee = push.Callee(api, push.ios())
    push.assert_delivers(api, fake, callee)
    push.wait_result(callee, callee.devices[0], "accepted")
    assert [entry["last_result"] for entry in push.devices(api, callee)] == ["accepted"]


def test_a_new_account_has_no_devices(api, account):
    assert push.devices(api, account) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"device_id": ""}, [too_short("device_id", 1)]),
        ({"device_id": "d" * 256}, [too_long("device_id", 255)]),
        ({"device_id": 5}, [not_text("device_id")]),
        ({"platform": "windows"}, ["platform"]),
        ({"platform": "iOS"}, ["platform"]),
        ({"platform": "ios\n"}, ["platform"]),
        ({"platform": ""}, ["platform"]),
        ({"platform": None}, [not_text("platform")]),
        ({"push_token": ""}, [too_short("push_token", 1)]),
        ({"push_token": "t" * 4097}, [too_long("push_token", 4096)]),
        ({"push_token": ["t"]}, [not_text("push_token")]),
        ({"app_id": ""}, [too_short("app_id", 1)]),
        ({"app_id": "\U0001f600" * 256}, [too_long("app_id", 255)]),
        ({"jid": 1, "app_id": False}, [not_text("jid"), not_text("app_id")]),
        ({"device_id": "", "platform": "x", "push_token": "", "app_id": ""}, None),
    ],
)
def test_every_field_is_checked(api, account, changes, expected):
    found = items(push.register_device(api, account, push.ios(), **changes))
    if expected is None:
        assert [item["loc"][1] for item in found] == ["device_id", "platform", "push_token", "app_id"]
    elif expected == ["platform"]:
        assert found == [
            {
                "type": "string_pattern_mismatch",
                "loc": ["body", "platform"],
                "msg": f"String should match pattern '{PLATFORM}'",
                "ctx": {"pattern": PLATFORM},
            }
        ]
    else:
        assert found == expected
    assert push.registrations(account) == []


def test_all_fields_are_required(api, account):
    def fields_missing(method, path):
        return items(rest.call(api, method, path, {}, account.token))

    names = ("jid", "device_id", "platform", "push_token", "app_id")
    assert fields_missing("POST", "/push/register") == [missing(name) for name in names]
    assert fields_missing("DELETE", "/push/register") == [missing("jid"), missing("device_id")]
    assert fields_missing("POST", "/push/test") == [missing("device_id")]


def test_the_longest_fields_are_accepted(api, account):
    device = push.android()
    device.device_id, device.app_id = "\U0001f600" * 255, "é" * 255
    device.push_token = secrets.remember(push.new_token().ljust(4096, "t"))
    push.assert_registered(push.register_device(api, account, device))
    assert [entry["device_id"] for entry in push.devices(api, account)] == [device.device_id]
    assert_deregistered(push.unregister_device(api, account, device.device_id))


def test_only_for_oneself(api, account):
    other, device = push.Callee(api, push.ios()), push.ios()
    for jid in (other.jid, "", "nonsense", account.jid + "/phone", account.username, account.jid + ".evil.org"):
        raw_http.assert_error(push.register_device(api, account, device, jid=jid), 403, MISMATCH)
        body = {"jid": jid, "device_id": other.devices[0].device_id}
        raw_http.assert_error(rest.call(api, "DELETE", "/push/register", body, account.token), 403, MISMATCH)
    assert push.registrations(account) == []
    assert len(push.registrations(other)) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/push/register"), ("DELETE", "/push/register"), ("GET", "/push/devices"), ("POST", "/push/test")],
)
def test_a_token_is_needed(api, account, method, path):
    body = None if method == "GET" else b"{broken"  # authentication is checked first
    raw_http.assert_error(rest.call(api, method, path, body), 401, "Not authenticated")
    expired = tokens.sign({"sub": account.jid, "exp": 1})
    raw_http.assert_error(rest.call(api, method, path, body, expired), 401, "Token has expired")


def test_a_logged_out_token_cannot_register(api, account):
    assert rest.logout(api, account.token).status == 200
    raw_http.assert_error(push.register_device(api, account, push.ios()), 401, "Token has been revoked")
    assert push.registrations(account) == []


def test_what_is_not_registered_is_not_found(api, account):
    other = push.Callee(api, push.ios())
    for device_id in ("nothing", other.devices[0].device_id, "%", "_" * 19):
        raw_http.assert_error(push.unregister_device(api, account, device_id), 404, NOT_FOUND)
    raw_http.assert_error(push.test_push(api, account, other.devices[0]), 404, NOT_FOUND)
    assert_deregistered(push.unregister_device(api, other, other.devices[0].device_id))
    raw_http.assert_error(push.unregister_device(api, other, other.devices[0].device_id), 404, NOT_FOUND)


def test_registering_again_replaces(api, fake):
    callee = push.Callee(api, push.ios())
    device, replaced = callee.devices[0], callee.devices[0].push_token
    device.push_token, device.platform, device.app_id = push.new_token(), "android", "org.example.other"
    push.assert_registered(push.register_device(api, callee, device))
    (row,) = push.registrations(callee)
    assert (row.platform, row.push_token, row.app_id) == ("android", device.push_token, "org.example.other")
    push.assert_delivers(api, fake, callee)
    assert fake.pushes(token=device.push_token) and not fake.pushes(token=replaced)


def test_a_deregistered_device_does_not_ring(api, fake):
    callee = push.Callee(api, push.ios(), push.android())
    gone, kept = callee.devices
    assert_deregistered(push.unregister_device(api, callee, gone.device_id))
    assert push.ring(api, callee).sent == 1
    assert fake.wait_push(token=kept.push_token).status == 200
    assert not fake.pushes(token=gone.push_token)
    assert_deregistered(push.unregister_device(api, callee, kept.device_id))
    assert push.ring(api, callee)[2:] == ("no_registrations", 0)


def test_a_token_belongs_to_who_registered_it_last(api, fake):
    first, second = push.Callee(api, push.ios()), push.Callee(api)
    moved = push.ios()
    moved.push_token = first.devices[0].push_token
    push.assert_registered(push.register_device(api, second, moved))
    assert push.registrations(first) == []
    assert push.ring(api, first).status == "no_registrations"
    called = push.ring(api, second)
    assert called.sent == 1
    assert fake.wait_push(token=moved.push_token).call_id == called.call_id


def test_a_token_is_one_device_of_an_account(api, account):
    before, after = push.ios(), push.ios()
    after.push_token = before.push_token
    for device in (before, after):
        push.assert_registered(push.register_device(api, account, device))
    assert device_ids(account) == [after.device_id]


def test_the_oldest_device_makes_room(api, account):
    wanted = [push.ios() for _ in range(MOST + 1)]
    for device in wanted[:MOST]:
        push.assert_registered(push.register_device(api, account, device))
    push.assert_registered(push.register_device(api, account, wanted[0]))  # now the newest
    push.assert_registered(push.register_device(api, account, wanted[MOST]))
    expected = [*wanted[2:MOST], wanted[0], wanted[MOST]]
    assert device_ids(account) == [device.device_id for device in expected]


def test_many_devices_at_once_are_not_too_many(api, account):
    for _ in range(MOST - 3):
        push.assert_registered(push.register_device(api, account, push.ios()))
    # One account's are written one after another, and whose turn does not come within 4 s is refused.
    for answer in together([lambda device=push.ios(): push.register_device(api, account, device) for _ in range(6)]):
        push.assert_registered(answer)
    assert len(push.registrations(account)) == MOST


def test_one_token_registered_at_once_by_many_has_one_owner(api):
    owners, token = [push.Callee(api) for _ in range(8)], push.new_token()

    def take(owner):
        device = push.android()
        device.push_token = token
        return push.register_device(api, owner, device)

    for answer in together([lambda owner=owner: take(owner) for owner in owners]):
        push.assert_registered(answer)
    assert sum(len(push.registrations(owner)) for owner in owners) == 1


def test_one_device_registered_at_once_many_times_is_one(api, account):
    device = push.ios()
    calls = [lambda: push.register_device(api, account, device, push_token=push.new_token()) for _ in range(10)]
    for answer in together(calls):
        push.assert_registered(answer)
    assert device_ids(account) == [device.device_id]
