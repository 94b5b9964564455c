"""call-notify as the SIP server posts it: who may, what is checked in which order, and who can be called."""

import json

import pytest

from support import api_process, push, raw_http, rest, secrets
from support.push_fixtures import api, fake
from support.validation import items, mismatch, missing, not_text, too_long, too_short

INVALID = "Invalid webhook secret"
TYPE = "^(audio|video)$"
NOBODY = {"status": "no_registrations", "sent": 0}


@pytest.fixture(scope="module")
def callee(api):
    return push.Callee(api, push.ios())


def cancel_body(**fields):
    return {"callee_username": "nobody_here", "call_id": push.new_call_id(), "reason": "cancelled"} | fields


def bodies():
    return {"/push/call-notify": push.call_body("nobody_here"), "/push/call-cancel": cancel_body()}


@pytest.mark.parametrize("path", bodies())
def test_only_with_the_secret(api, path):
    body = bodies()[path]
    assert push.webhook(api, path, body).status == 200
    wrong = (None, "", "wrong", push.SECRET[:-1], push.SECRET + "x", push.SECRET.swapcase(), "x" * 5000)
    for secret in wrong:
        raw_http.assert_error(push.webhook(api, path, body, secret), 401, INVALID)
    elsewhere = [f"Authorization: Bearer {push.SECRET}"]
    raw_http.assert_error(push.webhook(api, path, body, None, elsewhere), 401, INVALID)
    raw_http.assert_error(push.webhook(api, path + "?secret=" + push.SECRET, body, None), 401, INVALID)


@pytest.mark.parametrize("path", bodies())
def test_the_secret_is_checked_before_the_body(api, path):
    for body in ({}, b"{broken", b""):
        raw_http.assert_error(push.webhook(api, path, body, "wrong"), 401, INVALID)
        assert items(push.webhook(api, path, body))


def test_a_users_token_is_no_secret(api, account):
    answer = rest.call(api, "POST", "/push/call-notify", push.call_body(account), account.token)
    raw_http.assert_error(answer, 401, INVALID)


def test_without_a_secret_only_this_machine_is_served(fake):
    with api_process.ApiProcess(**fake.env(), WEBHOOK_SECRET=None) as open_api:
        local = push.Callee(open_api, push.ios())
        called = push.webhook(open_api, "/push/call-notify", push.call_body(local), None)
        assert called.json() == {"status": "sent", "sent": 1}
        for header in ("X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 proxy", "via: 1.1 x"):
            for path, body in bodies().items():
                raw_http.assert_error(push.webhook(open_api, path, body, None, [header]), 401, INVALID)
        for path, body in bodies().items():
            assert push.webhook(open_api, path, body, None).status == 200


def test_with_a_secret_proxies_do_no_harm(api):
    for header in ("X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy"):
        answer = push.webhook(api, "/push/call-notify", push.call_body("nobody_here"), headers=[header])
        assert (answer.status, answer.json()) == (200, NOBODY)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "nonsense", "", "*/*"]
)
def test_the_body_is_read_whatever_its_type(api, callee, kind):
    body = json.dumps(push.call_body(callee)).encode()
    answer = push.webhook(api, "/push/call-notify", body, headers=[f"Content-Type: {kind}"])
    assert (answer.status, answer.json()) == (200, {"status": "sent", "sent": 1})


def test_the_body_is_read_without_a_type(api, callee):
    data = json.dumps(push.call_body(callee)).encode()
    lines = (f"X-Webhook-Secret: {push.SECRET}", f"Content-Length: {len(data)}")
    answer = raw_http.exchange(api.port, raw_http.head("POST", "/api/v1/push/call-notify", *lines).encode() + data)
    assert (answer.status, answer.json()) == (200, {"status": "sent", "sent": 1})


def test_defaults(api, fake, callee):
    body = push.call_body(callee)
    assert "caller_display_name" not in body and "call_type" not in body
    assert push.webhook(api, "/push/call-notify", body).status == 200
    assert fake.wait_push(call_id=body["call_id"]).data["call_type"] == "audio"
    assert fake.wait_push(call_id=body["call_id"]).data["caller_name"] == body["caller_username"]
    called = push.ring(api, callee, caller_display_name="", caller_username="named", call_type="video")
    data = fake.wait_push(call_id=called.call_id).data
    assert (data["caller_name"], data["call_type"]) == ("named", "video")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"callee_username": 1, "caller_username": None}, [not_text("callee_username"), not_text("caller_username")]),
        ({"caller_display_name": None}, [not_text("caller_display_name")]),
        ({"caller_display_name": "a\0b"}, [not_text("caller_display_name")]),
        ({"call_id": ""}, [too_short("call_id", 1)]),
        ({"call_id": "c" * 256}, [too_long("call_id", 255)]),
        ({"call_type": "fax"}, [mismatch("call_type", TYPE)]),
        ({"call_type": ""}, [mismatch("call_type", TYPE)]),
        ({"call_type": "audio\n"}, [mismatch("call_type", TYPE)]),
        ({"call_type": None, "call_id": 5}, [not_text("call_id"), not_text("call_type")]),
    ],
)
def test_every_field_is_checked(api, callee, changes, expected):
    assert items(push.notify(api, callee, **changes)) == expected


def test_all_fields_but_two_are_required(api):
    answer = push.webhook(api, "/push/call-notify", {})
    assert items(answer) == [missing(name) for name in ("callee_username", "caller_username", "call_id")]


@pytest.mark.parametrize(
    "name",
    ["", " ", "nobody_here", "a b", "a@b", "@", "a\nb", "..", "a/b", "%", "'; --", '"', "ä", "\U0001f600", "x" * 999],
)
def test_who_does_not_exist_has_no_devices(api, name):
    answer = push.notify(api, name)
    assert (answer.status, answer.json()) == (200, NOBODY)


def test_a_name_is_a_name_and_no_address(api, fake, callee):
    for name in (callee.jid, callee.username + " ", " " + callee.username, callee.username + "/phone"):
        called = push.ring(api, name)
        assert called[2:] == ("no_registrations", 0), name
        assert not fake.pushes(call_id=called.call_id)


def test_a_name_in_capitals_is_the_same_name(api, fake, callee):
    called = push.ring(api, callee.username.upper())
    assert called.sent == 1
    assert fake.wait_push(call_id=called.call_id).token == callee.devices[0].push_token


def test_the_call_id_is_given_on_as_it_is(api, fake, callee):
    for text in ("a84b4c76e66710@192.0.2.1", 'with "quotes" and \\', "\U0001f600" * 255, "é/%2F<>", "c" * 255):
        call_id = (push.new_call_id()[-8:] + text)[:255]
        called = push.ring(api, callee, call_id=call_id)
        assert called.sent == 1
        assert fake.wait_push(call_id=call_id).status == 200


def test_nothing_of_a_call_is_logged(fake):
    with api_process.ApiProcess(**fake.env(), LOG_LEVEL="debug") as api:
        callee = push.Callee(api, push.ios(), push.android(), push.ios("unregistered-"), push.ios("503-1-"))
        caller = secrets.remember("caller_" + push.new_call_id())
        called = push.ring(api, callee, caller_username=caller)
        assert called.sent == 3
        push.wait_rung(called.call_id, 3)
        assert push.cancelled(api, callee, called.call_id) == 3
        assert push.test_push(api, callee, callee.devices[1]).status == 200
        assert push.ring(api, callee, caller_username=caller, caller_display_name="").sent == 3
        assert items(push.notify(api, callee, caller_username=caller, call_type=caller))
    assert callee.username not in api.log()  # and no token or name of the caller: stop() has looked for them
