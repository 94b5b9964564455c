"""What reaches Apple and Google: every header and member of a call's pushes, and names of all kinds."""

import json
import re
import time

import pytest

from support import push, wait
from support.push_fixtures import api, connected, fake

RING_SECONDS = 30
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
APNS_HEADERS = {"apns-topic", "apns-push-type", "apns-priority", "apns-expiration", "apns-id"}
COMMON_HEADERS = {"content-type", "content-length", "user-agent", "apns-collapse-id", "accept"}
NAME_CHARACTERS, NAME_BYTES = 256, 1024


@pytest.fixture(scope="module")
def callee(api):
    return push.Callee(api, push.ios(), push.android())


def test_every_device_gets_its_push(api, fake):
    callee = push.Callee(api, push.ios(app_id="org.example.one"), push.ios(app_id="org.example.two"), push.android())
    before = int(time.time())
    called = push.ring(api, callee, call_type="video")
    after = int(time.time())
    assert (called.status, called.sent) == ("sent", 3)
    assert len(fake.wait_pushes(3, call_id=called.call_id)) == 3
    for device in callee.devices:
        sent = fake.wait_push(token=device.push_token)
        assert (sent.status, sent.problems) == (200, [])
        assert before <= int(sent.data["sent_at"]) <= after
        check = assert_ios if device.platform == "ios" else assert_android
        check(sent, device, called)
    ids = {sent.headers["apns-id"] for sent in fake.pushes(call_id=called.call_id, provider="apns")}
    assert len(ids) == 2 and all(UUID.fullmatch(push_id) for push_id in ids)
    logged = push.wait_log(callee, 3)
    assert {row.push_id for row in logged if row.platform == "ios"} == ids


def assert_ios(sent, device, called):
    sent_at = sent.payload["sent_at"]
    assert (sent.provider, sent.environment) == ("apns", "production")
    assert sent.payload == {
        "caller_name": called.caller,
        "call_id": called.call_id,
        "call_type": "video",
        "sent_at": sent_at,
        "expires_at": sent_at + RING_SECONDS,
    }
    assert type(sent_at) is int
    assert APNS_HEADERS <= set(sent.headers) <= APNS_HEADERS | COMMON_HEADERS
    assert sent.headers["apns-topic"] == device.app_id + ".voip"
    assert (sent.headers["apns-push-type"], sent.headers["apns-priority"]) == ("voip", "10")
    assert sent.headers["apns-expiration"] in ("0", str(sent_at + RING_SECONDS))


def assert_android(sent, device, called):
    sent_at = int(sent.data["sent_at"])
    assert (sent.provider, sent.environment) == ("fcm", "")
    assert set(sent.payload) == {"message"}
    message = sent.payload["message"]
    assert set(message) == {"token", "data", "android"}
    assert message["token"] == device.push_token
    assert message["data"] == {
        "type": "call",
        "caller_name": called.caller,
        "call_id": called.call_id,
        "call_type": "video",
        "sent_at": str(sent_at),
        "expires_at": str(sent_at + RING_SECONDS),
    }
    assert {name: message["android"][name] for name in ("priority", "ttl")} == {"priority": "HIGH", "ttl": "30s"}
    assert set(message["android"]) <= {"priority", "ttl", "collapse_key"}
    assert not [name for name in sent.headers if name.startswith("apns-")]
    assert set(sent.headers) <= COMMON_HEADERS


def names_given(api, fake, callee, name):
    """The caller's name as both devices were told it."""
    called = push.ring(api, callee, caller_display_name=name)
    assert called.sent == 2
    given = [sent.data["caller_name"] for sent in fake.wait_pushes(2, call_id=called.call_id)]
    assert given[0] == given[1]
    return given[0]


@pytest.mark.parametrize(
    "name",
    [
        'She said "hi"',
        "back\\slash and /",
        "tab\tand\r\nlines",
        "\x01\x02\x1f\x7f",
        "<b>&amp;</b>",
        "Zoë Ångström",
        "李小龍 مرحبا שלום",
        "\u202eright to left",
        "\u2028line\u2029paragraph",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family",
        "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
        "\U0001f44d\U0001f3fd",
        "e\u0301",
        " ",
        "null",
        '{"caller_name":"x"}',
        "x" * 256,
    ],
)
def test_names_arrive_as_they_are(api, fake, callee, name):
    assert names_given(api, fake, callee, name) == name


# One character as a reader sees it, and how often it must at least be left.
LONG = {
    "x": 256,
    '"': 256,
    "\\": 256,
    "\x01": 170,
    "é": 256,
    "李": 256,
    "\U0001f600": 256,
    "e\u0301": 128,
    "\U0001f44d\U0001f3fd": 127,
    "\U0001f1e9\U0001f1ea": 127,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466": 36,
}


@pytest.mark.parametrize("character", LONG)
def test_long_names_end_with_a_whole_character(api, fake, callee, character):
    given = names_given(api, fake, callee, character * (10_000 // len(character.encode())))
    count = len(given) // len(character)
    assert given == character * count
    assert LONG[character] <= count and len(given) <= NAME_CHARACTERS
    assert len(json.dumps(given, ensure_ascii=False).encode()) - 2 <= NAME_BYTES


def test_a_long_username_is_bounded_too(api, fake, callee):
    called = push.ring(api, callee, caller_display_name="", caller_username="u" * 10_000)
    assert {sent.data["caller_name"] for sent in fake.wait_pushes(2, call_id=called.call_id)} == {"u" * NAME_CHARACTERS}


def latest(fake, device, seen):
    """The one push to this device for a call that was not seen yet."""
    found = [sent for sent in fake.pushes(token=device.push_token) if sent.call_id not in seen]
    assert len(found) <= 1, found
    return found[0] if found else None


def test_a_test_push_is_a_call_of_its_own(api, fake, callee):
    push.assert_delivers(api, fake, callee)  # so that all earlier pushes are known
    for device, provider in zip(callee.devices, ("apns", "fcm"), strict=True):
        seen = {sent.call_id for sent in fake.pushes()}
        answer = push.test_push(api, callee, device)
        assert answer.status == 200
        assert list(answer.json()) == ["provider", "outcome", "reason"]
        assert (answer.json()["provider"], answer.json()["outcome"]) == (provider, "accepted")
        sent = wait.until(lambda: latest(fake, device, seen), push.RECORD_SECONDS, "the test push")
        assert (sent.kind, sent.data["caller_name"]) == ("call", "Test call")
        (row,) = push.wait_log(callee, 1, kind="test", call_id=sent.call_id)
        assert (row.device_id, row.outcome) == (device.device_id, "accepted")


@pytest.mark.parametrize(
    ("prefix", "platform", "outcome", "reason"),
    [
        ("unregistered-", "ios", "unregistered", "Unregistered"),
        ("unregistered-", "android", "unregistered", "UNREGISTERED"),
        ("topic-", "ios", "flagged", "DeviceTokenNotForTopic"),
        ("sender-", "android", "flagged", "SENDER_ID_MISMATCH"),
    ],
)
def test_a_test_push_tells_what_the_provider_said(api, prefix, platform, outcome, reason):
    callee = push.Callee(api, push.Device(prefix, platform))
    answer = push.test_push(api, callee, callee.devices[0]).json()
    assert (answer["outcome"], answer["reason"]) == (outcome, reason)
