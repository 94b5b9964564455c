"""Which paths and methods exist, and the headers that every answer carries."""

import json
import re

import pytest

from support import raw_http, rest

ROUTES = {
    "/api/v1/account/register": {"POST"},
    "/api/v1/account/login": {"POST"},
    "/api/v1/account": {"DELETE"},
    "/api/v1/account/password": {"POST"},
    "/api/v1/account/logout": {"POST"},
    "/api/v1/turn/credentials": {"GET", "HEAD"},
    "/api/v1/server/info": {"GET", "HEAD"},
    "/healthz": {"GET", "HEAD"},
    "/readyz": {"GET", "HEAD"},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW")
INFO = "/api/v1/server/info"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def get(api, target, *lines, method="GET"):
    return raw_http.exchange(api.port, raw_http.head(method, target, *lines), method)


def methods_in(answer):
    return {name.strip() for name in answer.header("allow").split(",")}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v1/server/info/more",
        "/api/v2/server/info",
        "/API/V1/SERVER/INFO",
        "//api/v1/server/info",
        "/api/v1/server/../server/info",
        "/api/v1/%zz",
        "/api/v1/server/info%00",
        "/%2e%2e/etc/passwd",
    ],
)
def test_an_unknown_path_is_not_found(api, path):
    raw_http.assert_error(get(api, path), 404, "Not Found")


@pytest.mark.parametrize("path", ROUTES)
def test_other_methods_name_all_methods_of_the_path(api, path):
    for method in METHODS:
        answer = get(api, path, method=method)
        if method == "OPTIONS":
            assert (answer.status, answer.body) == (204, b"")
            assert answer.header("content-length") is None
            assert methods_in(answer) == ROUTES[path] | {"OPTIONS"}
        elif method not in ROUTES[path]:
            assert answer.status == 405
            assert methods_in(answer) == ROUTES[path] | {"OPTIONS"}
            if method != "HEAD":
                raw_http.assert_error(answer, 405, "Method Not Allowed")
        else:
            assert answer.status not in (404, 405)


@pytest.mark.parametrize("path", [INFO, "/healthz", "/api/v1/turn/credentials", "/api/v1/nothing"])
def test_head_answers_like_get_without_a_body(api, path):
    def kept(answer):
        return [(name, value) for name, value in answer.headers if name not in ("date", "x-request-id")]

    with raw_http.Wire(api.port) as wire:
        full = wire.send(raw_http.head("GET", path)).read()
        bare = wire.send(raw_http.head("HEAD", path)).read("HEAD")
        after = wire.send(raw_http.head("GET", path)).read()
    assert bare.status == full.status == after.status  # nothing of a body stood between the two answers
    assert kept(bare) == kept(full)


def test_head_of_a_path_that_only_takes_post_has_no_body(api):
    with raw_http.Wire(api.port) as wire:
        assert wire.send(raw_http.head("HEAD", "/api/v1/account/login", "Connection: close")).read("HEAD").status == 405
        assert wire.closed()


@pytest.mark.parametrize("path", ROUTES)
def test_a_trailing_slash_is_sent_to_the_path_without_it(api, path):
    answer = get(api, path + "/?a=1&b=%20x")
    assert answer.status == 307
    assert answer.header("location") == path + "?a=1&b=%20x"
    assert get(api, path + "/").header("location") == path


def test_a_redirected_post_works_at_its_new_place(api):
    body = {"username": "nobody_here", "password": "long enough"}
    answer = raw_http.request(api.port, "POST", "/api/v1/account/login/", body)
    assert answer.status == 307
    again = raw_http.request(api.port, "POST", answer.header("location"), body)
    raw_http.assert_error(again, 401, "Invalid username or password.")


def test_an_unknown_path_with_a_trailing_slash_is_not_found(api):
    raw_http.assert_error(get(api, "/api/v1/nothing/"), 404, "Not Found")
    raw_http.assert_error(get(api, "//example.org/"), 404, "Not Found")


def test_a_target_that_is_no_path_leads_nowhere(api):
    for target in ("api/v1/groups/x/members/", "api/v1/server/info", "api/v1/server/info/", "example.org", "*"):
        raw_http.assert_error(get(api, target), 404, "Not Found")


@pytest.mark.parametrize("given", ["a", "A.b_c-9", "x" * 128])
def test_a_good_request_id_comes_back(api, given):
    assert get(api, INFO, f"X-Request-Id: {given}").header("x-request-id") == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a/b", "ä", "a\"b", "{}"])
def test_a_bad_request_id_is_replaced(api, given):
    assert UUID.fullmatch(get(api, INFO, f"X-Request-Id: {given}").header("x-request-id"))


def test_request_ids_are_fresh(api):
    assert len({get(api, INFO).header("x-request-id") for _ in range(5)}) == 5


def test_errors_carry_the_request_id_too(api):
    assert get(api, "/nothing", "X-Request-Id: mine").header("x-request-id") == "mine"
    assert get(api, "/api/v1/turn/credentials", "X-Request-Id: mine").header("x-request-id") == "mine"


def test_every_kind_of_answer_says_nosniff(api):
    asked = [("GET", INFO), ("OPTIONS", INFO), ("PUT", INFO), ("GET", INFO + "/"), ("GET", "/x"), ("GET", "/readyz")]
    for method, path in asked:
        assert get(api, path, method=method).header("x-content-type-options") == "nosniff"


def test_answers_with_credentials_are_not_stored(api):
    account = rest.Account(api)
    answers = [
        rest.register(api, account.username, account.password),
        rest.login(api, account.username, account.password),
        rest.change_password(api, account.token, account.password, account.password + "x"),
    ]
    answers.append(rest.turn(api, answers[-1].json()["token"]))
    for answer in answers:
        assert answer.status in (200, 201)
        assert answer.header("cache-control") == "no-store"


def test_answers_are_compact_json(api):
    answer = get(api, INFO)
    assert answer.header("content-type") == "application/json"
    assert answer.body.decode() == json.dumps(json.loads(answer.body), separators=(",", ":"))


def test_an_absolute_target_is_understood(api):
    assert get(api, f"http://localhost{INFO}").status == 200
    raw_http.assert_error(get(api, "http://localhost/nothing"), 404, "Not Found")
    assert get(api, f"http://localhost{INFO}/?q=1").header("location") == INFO + "?q=1"


def test_a_query_is_ignored_where_none_is_known(api):
    assert get(api, INFO + "?x=1&y").status == 200
    assert get(api, INFO + "?").status == 200
