"""GET /metrics: the table of docs/operations.md is what the server says, for operators alone, and true."""

import concurrent.futures
import contextlib
import math
import os
import re
import time

from support import api_process, metrics, push, raw_http, rest, secrets, stack, wait
from support.ejabberd_proxy import EjabberdProxy, refused
from support.push_fixtures import api, connected, fake

DOC = stack.ROOT / "docs/operations.md"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def documented():
    """name: (type, labels, help)"""
    rows = ROW.findall(DOC.read_text())
    found = {name: (kind, sorted(labels.split(", ") if labels else []), text) for name, kind, labels, text, _ in rows}
    assert len(found) == len(rows), "a name stands there twice"
    return found


def test_the_document_and_the_server_say_the_same(api):
    assert rest.call(api, "GET", "/server/info").status == 200
    said = metrics.scrape(api)
    described = {}
    for name, family in said.families.items():
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        described[name] = (family.type, sorted(labels), family.documentation)
    assert described == documented()


def test_names_are_ours_or_everybodys(api):
    assert all(name.startswith(("veil_", "process_")) for name in metrics.scrape(api).families)


def test_the_public_port_does_not_know_it(api):
    raw_http.assert_error(raw_http.request(api.port, "GET", "/metrics"), 404, "Not Found")
    raw_http.assert_error(raw_http.request(api.port, "GET", "/api/v1/metrics"), 404, "Not Found")
    assert "/metrics" not in raw_http.request(api.port, "GET", "/openapi.json").json()["paths"]


def test_requests_are_counted_by_route_method_and_status(api, account):
    def count(route, method, status, name="veil_http_requests_total"):
        return metrics.scrape(api).total(name, route=route, method=method, status=str(status))

    turn, login = "/api/v1/turn/credentials", "/api/v1/account/login"
    before = count(turn, "GET", 200), count(turn, "GET", 401), count(login, "POST", 401), count(turn, "DELETE", 405)
    for _ in range(3):
        assert rest.turn(api, account.token).status == 200
    assert rest.turn(api, "nonsense").status == 401
    assert rest.login(api, account.username, secrets.password()).status == 401
    assert rest.call(api, "DELETE", "/turn/credentials").status == 405
    after = count(turn, "GET", 200), count(turn, "GET", 401), count(login, "POST", 401), count(turn, "DELETE", 405)
    assert [b - a for a, b in zip(before, after, strict=True)] == [3, 1, 1, 1]
    assert count(turn, "GET", 200, "veil_http_request_seconds_count") == after[0]


def test_a_path_with_a_parameter_is_one_series(api, account):
    for group in ("6f1d2c1e-8f5b-4b52-9d3e-0c8a5a1b7e42", "another", "x" * 200):
        assert rest.call(api, "GET", f"/groups/{group}/members", token=account.token).status == 404
    routes = {dict(series[1:]).get("route") for series in metrics.scrape(api).series()}
    assert "/api/v1/groups/{group_id}/members" in routes
    assert not [route for route in routes if route and "another" in route]


def test_what_a_client_makes_up_makes_no_series(api):
    def strange(number):
        path = f'/x{number}/"}}1\\n%0a{{evil="{number}"'.replace(" ", "")
        assert raw_http.exchange(api.port, raw_http.head("GET", path)).status in (400, 404)
        assert raw_http.exchange(api.port, raw_http.head(f"EVIL{number}", "/nothing")).status in (404, 405)
        assert raw_http.exchange(api.port, raw_http.head("GET", "/healthz", f"X-Request-Id: evil-{number}")).status == 200

    def made_by_requests():  # the comparison of groups asks ejabberd at any time
        return {series for series in metrics.scrape(api).series() if not series[0].startswith("veil_ejabberd_call")}

    strange(0)
    before = made_by_requests()
    for number in range(1, 30):
        strange(number)
    assert made_by_requests() == before
    assert metrics.scrape(api).total("veil_http_requests_total", route="-", method="other") >= 30
    assert "evil" not in metrics.answer(api).body.decode().lower()


def test_what_is_turned_away_is_counted(api):
    def rejected(reason):
        return metrics.scrape(api).total("veil_http_rejected_total", listener="api", reason=reason)

    before = [rejected(reason) for reason in ("malformed", "head_too_large", "body_too_large")]
    assert raw_http.exchange(api.port, "GET / HTTP/1.1\r\n\r\n").status == 400
    assert raw_http.exchange(api.port, raw_http.head("GET", "/healthz", f"X-Long: {'a' * 20_000}")).status == 431
    assert raw_http.exchange(api.port, raw_http.head("POST", "/healthz", "Content-Length: 100000000")).status == 413
    after = [rejected(reason) for reason in ("malformed", "head_too_large", "body_too_large")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]


def test_connections_and_requests_in_hand(api, fake):
    def open_now():
        return metrics.scrape(api).total("veil_http_connections", listener="api")

    wait.until(lambda: open_now() == 0, metrics.SOON_SECONDS, "no connection of an earlier test")
    accepted = metrics.scrape(api).total("veil_http_connections_total", listener="api")
    wires = [raw_http.Wire(api.port) for _ in range(7)]
    for wire in wires:
        assert wire.send(raw_http.head("GET", "/healthz")).read().status == 200
    assert open_now() == 7
    assert metrics.scrape(api).total("veil_http_connections_total", listener="api") == accepted + 7
    for wire in wires:
        wire.socket.close()
    wait.until(lambda: open_now() == 0, metrics.SOON_SECONDS, "the connections are gone")
    callee = push.Callee(api, push.ios("hang-"))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(push.ring, api, callee)
        metrics.wait_in_hand(api, 1)
        assert call.result().sent == 0
    assert metrics.scrape(api).total("veil_http_requests_in_hand", listener="api") == 0


def test_pushes_by_what_the_provider_said(api, fake):
    pushed = {
        ("apns", "accepted", ""): push.ios(),
        ("apns", "unregistered", "Unregistered"): push.ios("unregistered-"),
        ("apns", "flagged", "DeviceTokenNotForTopic"): push.ios("topic-"),
        ("fcm", "accepted", ""): push.android(),
        ("fcm", "flagged", "SENDER_ID_MISMATCH"): push.android("sender-"),
    }

    def counts():
        said = metrics.scrape(api)
        return [
            said.total("veil_pushes_total", provider=provider, kind="call", outcome=outcome, reason=reason)
            for provider, outcome, reason in pushed
        ]

    before, wired = counts(), metrics.scrape(api).total("veil_call_wake_to_wire_seconds_count")
    rang = metrics.scrape(api).total("veil_call_wakes_total", result="rang")
    callee = push.Callee(api, *pushed.values())
    assert push.ring(api, callee).sent == 2
    push.wait_log(callee, len(pushed))
    assert [b - a for a, b in zip(before, counts(), strict=True)] == [1] * len(pushed)
    assert metrics.scrape(api).total("veil_call_wake_to_wire_seconds_count") == wired + len(pushed)
    assert metrics.scrape(api).total("veil_call_wakes_total", result="rang") == rang + 1


def test_what_becomes_of_calls(api, fake, account):
    def results():
        said = metrics.scrape(api)
        names = ("rang", "repeated", "no_registrations", "not_reached", "failed")
        return [said.total("veil_call_wakes_total", result=name) for name in names]

    before = results()
    callee = push.Callee(api, push.ios())
    again = push.ring(api, callee).call_id
    assert push.ring(api, callee, call_id=again).sent == 1
    assert push.ring(api, account).status == "no_registrations"
    assert push.ring(api, push.Callee(api, push.ios("unregistered-"))).sent == 0
    assert [b - a for a, b in zip(before, results(), strict=True)] == [1, 1, 1, 1, 0]


def test_connections_and_tokens_of_the_providers(api, fake):
    push.rung(api, push.Callee(api, push.ios(), push.android()), 2)
    said = metrics.scrape(api)
    assert said.values("veil_push_connected", connection="apns_production") == [1]
    assert said.values("veil_push_connected", connection="fcm") == [1]
    assert said.values("veil_push_queue", connection="fcm") == [0]
    for provider in ("apns", "fcm"):
        assert said.values("veil_push_configured", provider=provider) == [1]
        (age,) = said.values("veil_push_provider_token_age_seconds", provider=provider)
        assert 0 <= age < 3600


def test_without_providers(account):
    with api_process.ApiProcess() as bare:
        said = metrics.scrape(bare)
        assert said.values("veil_push_configured") == [0, 0]
        assert said.values("veil_push_connected") == []


def test_the_process(api):
    said = metrics.scrape(api)
    (cpu,) = said.values("process_cpu_seconds_total")
    (started,) = said.values("process_start_time_seconds")
    (files,) = said.values("process_open_fds")
    (limit,) = said.values("process_max_fds")
    (memory,) = said.values("process_resident_memory_bytes")
    assert 0 < cpu < 3600 and abs(time.time() - started) < 3600
    assert 5 < files < limit and memory > 1_000_000
    with contextlib.ExitStack() as connections:
        for _ in range(20):  # more than may be closing since the first look
            wire = connections.enter_context(raw_http.Wire(api.port))
            assert wire.send(raw_http.head("GET", "/healthz")).read().status == 200
        metrics.wait_value(api, lambda value: value > files, "process_open_fds")
    version = api_process.run("--version").stdout.split()[1]
    assert said.values("veil_build_info", version=version) == [1]


def test_certificates(api, account):
    """Signing in has shown the server ejabberd's certificate."""
    assert rest.login(api, account.username, account.password).status == 200
    said = metrics.scrape(api)
    for name in ("ejabberd", "ejabberd_ca", "push_ca"):
        (days,) = said.values("veil_certificate_days_left", certificate=name)
        assert 0 < days < 36_500, name


def test_the_certificate_that_clients_of_other_services_are_shown():
    certificate = stack.ROOT / os.environ["VEIL_CERTS"] / "server.pem"
    with api_process.ApiProcess(SERVER_CERTIFICATE_FILE=str(certificate)) as api:
        (days,) = metrics.scrape(api).values("veil_certificate_days_left", certificate="server")
    assert 0 < days < 36_500


def test_the_database(api, account):
    before = metrics.scrape(api)
    assert rest.call(api, "GET", "/groups", token=account.token).status == 200
    after = metrics.scrape(api)
    for name in ("veil_db_transactions_total", "veil_db_transaction_seconds_count", "veil_db_wait_seconds_count"):
        assert after.total(name) > before.total(name), name
    assert after.total("veil_db_connections") >= 1
    assert after.values("veil_db_waiting") == [0]
    metrics.wait_value(api, lambda value: value == 0, "veil_operations_pending", module="account", seconds=30)
    metrics.wait_value(api, lambda value: value == 1, "veil_revocations_current")


def test_an_outage_of_the_database_is_seen_and_its_end():
    with api_process.ApiProcess() as api:
        account = rest.Account(api)
        metrics.wait_value(api, lambda value: value == 1, "veil_revocations_current")
        with stack.stopped("db"):
            failed = metrics.scrape(api).total("veil_db_transactions_total", outcome="unavailable")
            assert rest.call(api, "GET", "/groups", token=account.token).status in (502, 503)
            assert metrics.scrape(api).total("veil_db_transactions_total", outcome="unavailable") > failed
            metrics.wait_value(api, lambda value: value == 0, "veil_revocations_current")
            metrics.wait_value(api, math.isnan, "veil_operations_pending", module="groups")
        metrics.wait_value(api, lambda value: value == 0, "veil_operations_pending", module="groups", seconds=30)
        metrics.wait_value(api, lambda value: value == 1, "veil_revocations_current", seconds=30)
        assert metrics.scrape(api).total("veil_http_requests_total", route="/metrics", status="200") > 0


def test_a_frozen_database_holds_up_no_scrape():
    operations = {"name": "veil_operations_pending", "module": "groups", "seconds": 30}
    with api_process.ApiProcess() as api:
        with stack.frozen("db"):
            first = metrics.scrape(api)
            # It did not wait for the end of its own question: nobody's has ended yet.
            given_up = first.total("veil_db_transactions_total") - first.total("veil_db_transactions_total", outcome="ok")
            assert given_up == 0
        metrics.wait_value(api, lambda value: value == 0, **operations)
        with stack.frozen("db"):  # what was known is not said for ever
            metrics.wait_value(api, math.isnan, **operations)
        metrics.wait_value(api, lambda value: value == 0, **operations)


def test_calls_of_ejabberd_and_its_outage():
    def count(api, outcome, command="check_password"):
        return metrics.scrape(api).total("veil_ejabberd_calls_total", command=command, outcome=outcome)

    with EjabberdProxy() as proxy, api_process.ApiProcess(**proxy.env()) as api:
        account = rest.Account(api)
        assert count(api, "ok", "register") == 1
        assert rest.login(api, account.username, account.password).status == 200
        assert count(api, "ok") == 1
        assert metrics.scrape(api).total("veil_ejabberd_call_seconds_count", command="check_password") == 1
        with proxy.failing("check_password", refused):
            assert rest.login(api, account.username, account.password).status == 502
        assert count(api, "failed") == 1
        with proxy.down():
            assert rest.login(api, account.username, account.password).status == 502
        assert count(api, "unavailable") >= 1
        assert count(api, "ok") == 1


def test_an_operation_that_cannot_end_is_seen():
    with EjabberdProxy() as proxy, api_process.ApiProcess(**proxy.env()) as api:
        account = rest.Account(api)
        # what other tests' servers left is done first
        metrics.wait_value(api, lambda value: value == 0, "veil_operations_pending", module="account", seconds=60)
        with proxy.dying_at("unregister"):
            assert rest.delete(api, account.token, account.username, account.password).status == 502
            metrics.wait_value(api, lambda value: value == 1, "veil_operations_pending", module="account")
            metrics.wait_value(api, lambda value: value > 0, "veil_operations_oldest_seconds", module="account")
        metrics.wait_value(api, lambda value: value == 0, "veil_operations_pending", module="account", seconds=60)
        metrics.wait_value(api, lambda value: value == 0, "veil_operations_oldest_seconds", module="account")
