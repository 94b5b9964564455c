"""What a client is told about a body that does not fit: every failed field, in order, and never its own input."""

import json

import pytest

from support import raw_http, rest, validation
from support.validation import items, missing, not_text, too_long, too_short

LOGIN = "/api/v1/account/login"
REGISTER = "/api/v1/account/register"
PATTERN = "^[a-zA-Z0-9_]+$"
NOT_AN_OBJECT = {
    "type": "model_attributes_type",
    "loc": ["body"],
    "msg": "Input should be a valid dictionary or object to extract fields from",
}
GOOD = {"username": "nobody_here", "password": "long enough"}


def mismatch(field):
    return validation.mismatch(field, PATTERN)


def send(api, body, *headers, path=LOGIN):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return raw_http.request(api.port, "POST", path, data, headers=headers or ("Content-Type: application/json",))


@pytest.mark.parametrize("path", [LOGIN, REGISTER])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [missing("username"), missing("password")]),
        ({"password": "long enough"}, [missing("username")]),
        ({"username": 5, "password": None}, [not_text("username"), not_text("password")]),
        ({"username": ["a"], "password": {"a": 1}}, [not_text("username"), not_text("password")]),
        ({"username": True, "password": 1.5}, [not_text("username"), not_text("password")]),
        ({"username": "ab", "password": "1234567"}, [too_short("username", 3), too_short("password", 8)]),
        ({"username": "", "password": ""}, [too_short("username", 3), too_short("password", 8)]),
        ({"username": "a" * 33, "password": "p" * 129}, [too_long("username", 32), too_long("password", 128)]),
        ({"username": "a b", "password": "long enough"}, [mismatch("username")]),
        ({"username": "alice\n", "password": "long enough"}, [mismatch("username")]),
        ({"username": "älice", "password": "long enough"}, [mismatch("username")]),
        ({"username": "a@example.com", "password": "short"}, [mismatch("username"), too_short("password", 8)]),
        ({"username": "!!", "password": "long enough"}, [too_short("username", 3)]),
        ({"username": "!" * 33, "password": "long enough"}, [too_long("username", 32)]),
        # lengths are code points, not bytes and not UTF-16 units
        ({"username": "abc", "password": "\U0001f600" * 7}, [too_short("password", 8)]),
        ({"username": "abc", "password": "é" * 129}, [too_long("password", 128)]),
        ({"username": "éé", "password": "long enough"}, [too_short("username", 3)]),
    ],
)
def test_every_failed_field_is_named_in_order(api, path, body, expected):
    assert items(send(api, body, path=path)) == expected


@pytest.mark.parametrize("password", ["\U0001f600" * 8, "é" * 128])
def test_lengths_at_the_limit_are_accepted(api, password):
    raw_http.assert_error(send(api, GOOD | {"password": password}), 401, "Invalid username or password.")


def test_the_fields_of_other_routes_are_checked_too(api):
    token = rest.Account(api).token
    answer = rest.call(api, "POST", "/account/password", {"old_password": 1, "new_password": "short"}, token)
    assert items(answer) == [not_text("old_password"), too_short("new_password", 8)]
    answer = rest.call(api, "DELETE", "/account", {}, token)
    assert items(answer) == [missing("jid"), missing("password")]


def test_an_absent_body_is_missing(api):
    expected = [{"type": "missing", "loc": ["body"], "msg": "Field required"}]
    assert items(raw_http.request(api.port, "POST", LOGIN)) == expected
    assert items(send(api, b"")) == expected
    assert items(send(api, b"null")) == expected


@pytest.mark.parametrize("body", [b"[]", b"[1,2]", b'"text"', b"5", b"true"])
def test_what_is_not_an_object_is_refused(api, body):
    assert items(send(api, body)) == [NOT_AN_OBJECT]


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        (b'{"username":x}', 12),
        (b'{"username":"abc",}', 18),
        (b"{'username':1}", 1),
        (b'{"username":"abc"} extra', 19),
        (b'{"username":', 12),
        (b"hello", 0),
        (b'{"a":01}', 6),
        (b'{"a":NaN}', 5),
    ],
)
def test_broken_json_is_located(api, body, offset):
    (item,) = items(send(api, body))
    assert (item["type"], item["msg"], item["loc"]) == ("json_invalid", "JSON decode error", ["body", offset])
    assert list(item["ctx"]) == ["error"] and item["ctx"]["error"]


def nested(depth):
    """An object with lists in it, `depth` levels in all."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_nesting_is_bounded(api):
    assert items(send(api, nested(32))) == [missing("username"), missing("password")]
    (item,) = items(send(api, nested(33)))
    assert (item["type"], item["loc"][0]) == ("json_invalid", "body")
    (item,) = items(send(api, b"[" * 60000))
    assert item["type"] == "json_invalid"


def test_brackets_in_a_string_are_no_nesting(api):
    raw_http.assert_error(send(api, GOOD | {"pad": '[{"\\' * 100}), 401)


@pytest.mark.parametrize(
    "body",
    [
        b'{"username":"ab\\u0000c","password":"long enough"}',
        b'{"username":"abc","password":"long\\u0000 enough"}',
        b'{"username":"ab\\ud800c","password":"long enough"}',
        b'{"username":"abc","password":"long enough\\udfff"}',
        b'{"username":"abc","password":"long enough\\ud83dx"}',
        b'{"username":"abc","password":"long enough\xff"}',
        b'{"username":"abc","password":"long enough\xc0\x80"}',
        b'{"username":"abc","password":"long enough\xed\xa0\x80"}',
        b'{"username":"abc","password":"long enough\xf4\x90\x80\x80"}',
        b'{"username":"abc","password":"long\x00 enough"}',
        b'\xff\xfe{\x00}\x00',
    ],
)
@pytest.mark.parametrize("path", [LOGIN, REGISTER])
def test_text_that_is_no_text_is_refused(api, body, path):
    assert items(send(api, body, path=path))


def test_duplicate_keys_the_last_wins(api):
    account = rest.Account(api)
    right = f'"username":"{account.username}","password":"{account.password}"'
    assert send(api, ('{"username":5,"password":"wrong password",' + right + "}").encode()).status == 200


def test_unknown_fields_are_ignored(api):
    answer = send(api, GOOD | {"extra": {"deep": [1, None]}, "jid": 5})
    raw_http.assert_error(answer, 401, "Invalid username or password.")


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.veil+json",
     "application/problem+json;x=y"],
)
def test_json_media_types_are_read(api, kind):
    raw_http.assert_error(send(api, GOOD, f"Content-Type: {kind}"), 401, "Invalid username or password.")


def test_an_absent_media_type_is_read_as_json(api):
    data = json.dumps(GOOD).encode()
    head = raw_http.head("POST", LOGIN, f"Content-Length: {len(data)}").encode()
    raw_http.assert_error(raw_http.exchange(api.port, head + data), 401, "Invalid username or password.")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; application/json",
        "text/json",
        "application/jsonp",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ],
)
def test_other_media_types_are_refused(api, kind):
    assert items(send(api, GOOD, f"Content-Type: {kind}")) == [NOT_AN_OBJECT]


@pytest.mark.parametrize(
    "body",
    [
        b'{"username":"a b","password":"hunter2-hunter2"}',
        b'{"username":["hunter2-hunter2"],"password":"x"}',
        b'{"username":"abc","password":"hunter2-hunter2"',
        b'{"username":"abc","password":"hunter2-hunter2\\u0000"}',
        b'["hunter2-hunter2"]',
        b"hunter2-hunter2",
        b'{"username":"hunter2-hunter2 ' + b"x" * 33 + b'","password":"hunter2-hunter2' + b"x" * 128 + b'"}',
    ],
)
def test_nothing_of_the_input_comes_back(api, body):
    answer = send(api, body, path=REGISTER)
    assert items(answer)
    assert b"hunter2" not in answer.body
    assert b'"input"' not in answer.body


def test_checks_come_in_their_order(api):
    """Size, route, method, authentication, JSON, fields."""
    large, broken = b"x" * 70000, b"{"
    raw_http.assert_error(send(api, large, path="/api/v1/nothing"), 413)
    raw_http.assert_error(send(api, broken, path="/api/v1/nothing"), 404)
    raw_http.assert_error(send(api, broken, path="/api/v1/server/info"), 405)
    raw_http.assert_error(send(api, broken, "Content-Type: text/plain", path="/api/v1/account/password"), 401)
    token = rest.Account(api).token
    answer = send(api, broken, f"Authorization: Bearer {token}", path="/api/v1/account/password")
    assert items(answer)[0]["type"] == "json_invalid"
    stranger = {"jid": rest.jid("someone_else"), "password": 5}
    assert items(rest.call(api, "DELETE", "/account", stranger, token)) == [not_text("password")]
