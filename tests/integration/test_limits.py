"""Rate limits: who is counted, by what, what an answer tells about it, and what is never counted."""

import uuid

import pytest

from support import addresses, api_process, push, raw_http, rest, wait
from support.addresses import At
from support.openapi import document

INFO = "/server/info"
SLOW = "2/h,burst=3"  # a test is over long before one comes back


@pytest.fixture(scope="module")
def api():
    with api_process.ApiProcess(
        RATE_LIMIT_ADDRESS=SLOW,
        RATE_LIMIT_ACCOUNT="2/h,burst=4",
        RATE_LIMIT_PUSH_TEST="1/h",
        RATE_LIMIT_LOGIN="3/h",
        CORS_ORIGINS="https://app.example",
    ) as process:
        yield process
        process.stop()


@pytest.fixture
def account(api):
    """Registering is not limited here, and counts to nothing."""
    return rest.Account(api)


def drain(call):
    """Calls until it is refused; the answers before, and the refusal."""
    granted = []
    for _ in range(10):
        answer = call()
        if answer.status == 429:
            return granted, answer
        granted.append(answer)
    raise AssertionError(f"never refused: {granted}")


def test_an_address_may_ask_so_often_and_no_more(api):
    granted, refused = drain(lambda here=At(api): here.call("GET", INFO))
    assert [answer.status for answer in granted] == [200] * 3
    assert [addresses.limit(answer)[:2] for answer in granted] == [("address", 2), ("address", 1), ("address", 0)]
    for answer in (*granted, refused):
        assert addresses.policy(answer) == ("address", 3, 5400)
    assert all(answer.header("retry-after") is None for answer in granted)
    assert 1790 < addresses.assert_refused(refused) <= 1800


def test_addresses_are_counted_by_network(api):
    one, twin, other = At(api, "192.0.2.1"), At(api, "::ffff:192.0.2.1"), At(api, "192.0.2.2")
    assert len(drain(lambda: one.call("GET", INFO))[0]) == 3
    addresses.assert_refused(twin.call("GET", INFO))
    assert other.call("GET", INFO).status == 200
    home = addresses.new_address()
    first, second = At(api, home), At(api, home.rsplit(":", 1)[0] + ":ffff")
    assert len(drain(lambda: first.call("GET", INFO))[0]) == 3
    addresses.assert_refused(second.call("GET", INFO))


def test_an_account_is_counted_wherever_it_is(api, account):
    granted, refused = drain(lambda: At(api).call("GET", "/turn/credentials", token=account.token))
    assert [answer.status for answer in granted] == [200] * 4
    assert addresses.policy(granted[0]) == ("account", 4, 7200)
    addresses.assert_refused(refused)
    addresses.assert_refused(At(api).call("GET", "/groups", token=account.token))
    neighbour = rest.Account(api)
    assert At(api).call("GET", "/turn/credentials", token=neighbour.token).status == 200


def test_what_is_refused_for_its_token_is_counted_by_address(api):
    here = At(api)
    granted, refused = drain(lambda: here.call("GET", "/turn/credentials", token="not.a.token"))
    assert [answer.status for answer in granted] == [401] * 3
    addresses.assert_refused(refused)


def test_it_is_counted_behind_the_token_and_before_the_body(api, account):
    here = At(api)
    ask = lambda: here.call("POST", "/push/register", b"{broken", account.token)
    granted, refused = drain(ask)
    assert [answer.status for answer in granted] == [422] * 4
    addresses.assert_refused(refused)
    raw_http.assert_error(here.call("POST", "/push/register", b"{broken"), 401, "Not authenticated")


def test_unknown_paths_count_and_preflights_do_not(api):
    here = At(api)
    granted, _ = drain(lambda: here.call("GET", "/nothing"))
    assert [answer.status for answer in granted] == [404] * 3
    assert here.call("OPTIONS", INFO).status == 204


def test_test_pushes_have_a_limit_of_their_own(api, account):
    body = {"device_id": "none"}
    granted, refused = drain(lambda: At(api).call("POST", "/push/test", body, account.token))
    assert [answer.status for answer in granted] == [404]
    assert addresses.policy(refused)[0] == "push-test"
    addresses.assert_refused(refused)
    assert At(api).call("GET", "/push/devices", token=account.token).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/redoc", "/docs/page.css", "/openapi.json"])
def test_health_and_pages_are_not_counted(api, path):
    here = At(api)
    drain(lambda: here.call("GET", INFO))
    answer = raw_http.request(api.port, "GET", path, headers=here.headers)
    assert answer.status == 200
    assert answer.header("ratelimit") is None


def test_the_webhook_is_not_counted(api):
    here = At(api)
    drain(lambda: here.call("GET", INFO))
    for secret, status in ((push.SECRET, 200), ("wrong", 401)):
        answer = push.webhook(api, "/push/call-notify", push.call_body("nobody_here"), secret, here.headers)
        assert answer.status == status
        assert answer.header("ratelimit") is None


def test_a_browser_may_read_the_headers(api):
    answer = At(api).call("GET", INFO, headers=("Origin: https://app.example",))
    exposed = {name.strip().lower() for name in answer.header("access-control-expose-headers").split(",")}
    assert {"retry-after", "ratelimit", "ratelimit-policy"} <= exposed


def test_the_log_names_the_client_and_not_the_proxy(api):
    here = At(api)
    request_id = uuid.uuid4().hex
    here.call("GET", INFO, headers=(f"X-Request-Id: {request_id}",))
    lines = lambda: [each for each in api.log_records() if each.get("request_id") == request_id]
    (line,) = wait.until(lines, 5, "the log line")
    assert line["peer"] == here.address


@pytest.mark.parametrize("value", ["", "unknown", "192.0.2.7:443", "192.0.2.7,", "one,two"])
def test_a_list_that_makes_no_sense_is_the_proxys_own(value):
    with api_process.ApiProcess(RATE_LIMIT_ADDRESS=SLOW) as own:
        granted, refused = drain(lambda: rest.call(own, "GET", INFO, headers=(f"X-Forwarded-For: {value}",)))
        assert len(granted) == 3
        addresses.assert_refused(refused)
        addresses.assert_refused(rest.call(own, "GET", INFO))
        assert At(own).call("GET", INFO).status == 200


def test_nobody_is_believed_whom_the_operator_does_not_trust():
    with api_process.ApiProcess(RATE_LIMIT_ADDRESS=SLOW, TRUSTED_PROXIES="192.0.2.0/24") as own:
        granted, refused = drain(lambda: At(own).call("GET", INFO))
        assert len(granted) == 3
        addresses.assert_refused(refused)


def test_a_limit_of_0_is_none():
    with api_process.ApiProcess(RATE_LIMIT_ADDRESS="0") as own:
        answers = [rest.call(own, "GET", INFO) for _ in range(300)]
        assert {answer.status for answer in answers} == {200}
        assert answers[-1].header("ratelimit") is None


def test_the_document_names_the_answer_of_limited_routes_and_of_no_others(api, document):
    limited = {route for route, operation in document.by_route.items() if "429" in operation.spec["responses"]}
    free = {f"GET {path}" for path in ("/healthz", "/readyz", "/openapi.json", "/docs", "/redoc", "/docs/{file}")}
    free |= {f"POST /api/v1/push/call-{what}" for what in ("notify", "cancel")}
    assert set(document.by_route) - limited == free
    info = document.by_route["GET /api/v1/server/info"]
    _, refused = drain(lambda here=At(api): here.call("GET", INFO))
    document.assert_documented(info, refused)
    headers = document.resolve(info.spec["responses"]["429"])["headers"]
    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(headers)
