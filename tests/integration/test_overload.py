"""More than the server can do: some are refused at once and told to come back, the others are served, and health checks
and calls come first."""

import concurrent.futures
import contextlib
import resource
import time

import pytest

from support import api_process, push, raw_http, rest, stack, wait
from support.concurrency import together

INFO = raw_http.head("GET", "/api/v1/server/info")
IN_FLIGHT, RESERVED = 16, 2
AT_ONCE_SECONDS = 4  # frozen services answer nothing for longer than that


def health(api, path="/healthz"):
    return raw_http.request(api.port, "GET", path)


def timed(call):
    begin = time.monotonic()
    return call(), time.monotonic() - begin


def notify(api):
    return push.webhook(api, "/push/call-notify", push.call_body("nobody_here"))


def test_beyond_the_bound_requests_are_refused_at_once_and_calls_are_served():
    with api_process.ApiProcess(MAX_IN_FLIGHT=str(IN_FLIGHT)) as api:
        account = rest.Account(api)
        login = lambda: timed(lambda: rest.login(api, account.username, account.password))
        with stack.frozen("ejabberd"), concurrent.futures.ThreadPoolExecutor(40) as pool:
            asked = [pool.submit(login) for _ in range(40)]
            refused = lambda: [each for each in asked if each.done() and each.result()[0].status == 503]
            wait.until(lambda: len(refused()) == 40 - IN_FLIGHT + RESERVED, 4, "all but those in flight are refused")
            raw_http.assert_error(rest.turn(api, account.token), 503, "Service Unavailable")
            for answer in (health(api), notify(api)):
                assert answer.status == 200
        results = [each.result() for each in asked]
        assert sum(answer.status == 502 for answer, _ in results) == IN_FLIGHT - RESERVED
        for answer, seconds in results:
            if answer.status == 503:
                raw_http.assert_error(answer, 503, "Service Unavailable")
                assert int(answer.header("retry-after")) >= 1
                assert seconds < AT_ONCE_SECONDS
        wait.until(lambda: rest.login(api, account.username, account.password).status == 200, 10, "login works again")


def test_a_slow_route_leaves_room_for_the_others(account, api):
    login = lambda: rest.login(api, account.username, account.password)
    with stack.frozen("ejabberd"), concurrent.futures.ThreadPoolExecutor(120) as pool:
        asked = [pool.submit(login) for _ in range(120)]
        wait.until(lambda: any(each.done() and each.result().status == 503 for each in asked), 4, "some are refused")
        assert rest.turn(api, account.token).status == 200
        assert rest.call(api, "GET", "/push/devices", token=account.token).status == 200
        assert health(api).status == 200
    assert {each.result().status for each in asked} == {502, 503}


def test_many_idle_connections_make_room_for_new_ones():
    with api_process.ApiProcess(MAX_CONNECTIONS="16") as api, contextlib.ExitStack() as open_wires:
        wires = [open_wires.enter_context(raw_http.Wire(api.port)) for _ in range(16)]
        for wire in wires:
            assert wire.send(INFO).read().status == 200
        assert wires[0].send(INFO).read().status == 200  # so that the second is idle longest
        assert health(api).status == 200
        assert wires[1].closed()
        for wire in (wires[0], *wires[2:]):
            assert wire.send(INFO).read().status == 200


@pytest.fixture
def low_soft_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_file_limit_is_raised_and_said(low_soft_limit):
    with api_process.ApiProcess(MAX_CONNECTIONS="300") as api:
        assert resource.prlimit(api.pid, resource.RLIMIT_NOFILE)[0] == low_soft_limit
        assert f"the file limit is {low_soft_limit}: 300 connections at most" in api.log()


def test_connections_leave_files_for_everything_else(low_soft_limit):
    with api_process.ApiProcess(MAX_CONNECTIONS="1000000") as api:
        left = min(low_soft_limit - 170, 1_000_000)
        assert f"the file limit is {low_soft_limit}: {left} connections at most" in api.log()


def requests_of(api):
    return sum(record.get("event") == "request" for record in api.log_records())


def test_two_processes_share_a_port():
    with api_process.ApiProcess(API_SHARED_LISTENER="true") as one:
        with api_process.ApiProcess(API_SHARED_LISTENER="true", API_PORT=str(one.port)) as two:
            assert two.port == one.port
            account = rest.Account(one)
            answers = together([lambda: rest.turn(one, account.token)] * 40)
            assert {answer.status for answer in answers} == {200}
            wait.until(lambda: requests_of(one) > 0 and requests_of(two) > 0, 5, "both have answered")
        assert {rest.turn(one, account.token).status for _ in range(10)} == {200}


def test_a_port_is_not_shared_unasked():
    with api_process.ApiProcess() as one:
        env = stack.api_environment() | {"API_PORT": str(one.port)}
        second = api_process.run("serve", env=env)
        assert second.returncode == 1
        assert "cannot listen on" in second.stderr
