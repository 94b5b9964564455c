"""What browsers of other origins are allowed: nothing by default, and exactly the listed origins when told so."""

import pytest

from support import api_process, raw_http

LOGIN = "/api/v1/account/login"
INFO = "/api/v1/server/info"
OURS = "https://app.example.org"
PREFLIGHT = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization, content-type")


@pytest.fixture(scope="module")
def listed():
    with api_process.ApiProcess(CORS_ORIGINS=f"{OURS}, https://other.example.org") as process:
        yield process
        process.stop()


def ask(api, method, path, *lines):
    return raw_http.exchange(api.port, raw_http.head(method, path, *lines), method)


def cors_headers(answer):
    return [name for name, _ in answer.headers if name.startswith("access-control-")]


def words(text):
    return {word.strip().lower() for word in text.split(",")}


def test_without_configuration_no_origin_is_allowed(api):
    for method, path in (("OPTIONS", LOGIN), ("GET", INFO), ("POST", LOGIN)):
        answer = ask(api, method, path, f"Origin: {OURS}", *PREFLIGHT)
        assert cors_headers(answer) == []
        assert answer.header("allow") is not None or method != "OPTIONS"


def test_a_preflight_of_a_listed_origin_is_allowed(listed):
    answer = ask(listed, "OPTIONS", LOGIN, f"Origin: {OURS}", *PREFLIGHT)
    assert answer.status == 204
    assert answer.header("access-control-allow-origin") == OURS
    assert "post" in words(answer.header("access-control-allow-methods"))
    assert {"authorization", "content-type"} <= words(answer.header("access-control-allow-headers"))
    assert int(answer.header("access-control-max-age")) > 0
    assert "origin" in words(answer.header("vary"))
    assert answer.header("access-control-allow-credentials") is None
    assert words(answer.header("allow")) == {"post", "options"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", INFO, 200), ("GET", "/nothing", 404), ("PUT", INFO, 405), ("POST", LOGIN, 422)],
)
def test_the_answer_itself_may_be_read_by_a_listed_origin(listed, method, path, status):
    for origin in (OURS, "https://other.example.org"):
        answer = ask(listed, method, path, f"Origin: {origin}")
        assert answer.status == status
        assert answer.header("access-control-allow-origin") == origin
        assert "origin" in words(answer.header("vary"))


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", "null", OURS + ".evil.org", "http://app.example.org", OURS + "/"]
)
def test_another_origin_is_not_allowed(listed, origin):
    for method, path in (("OPTIONS", LOGIN), ("GET", INFO)):
        answer = ask(listed, method, path, f"Origin: {origin}", *PREFLIGHT)
        assert cors_headers(answer) == []
        assert "origin" in words(answer.header("vary"))


def test_a_refused_request_can_be_read_by_the_browser(listed):
    """413 and the like are made before a route is known, and still the page must see them."""
    head = raw_http.head("POST", LOGIN, f"Origin: {OURS}", "Content-Length: 70000")
    answer = raw_http.exchange(listed.port, head)
    raw_http.assert_error(answer, 413, "Payload Too Large")
    assert answer.header("access-control-allow-origin") == OURS
