"""Two API servers behind HAProxy: one truth, and no request lost when one of them goes."""

import contextlib
import ipaddress
import os
import re
import threading

import engine
import pytest
from support import raw_http, rest, wait

CLIENTS = 8
NOTICED_SECONDS = 8  # after that, the balancer leaves out a server that was killed
ENV = {
    "COMPOSE_ENV_FILES": f"{os.environ['COMPOSE_ENV_FILES']},config/haproxy/lb.env",
    "TRUSTED_PROXIES": "",  # what compose makes of it, not the native stack's
}
INFO = "/api/v1/server/info"


@pytest.fixture(scope="module", autouse=True)
def two_servers():
    engine.compose("rm", "-sf", "api", env=ENV)  # it has the port that the balancer is about to get
    engine.up("--scale", "api=2", env=ENV)
    yield
    engine.compose("rm", "-sf", "lb", "api", env=ENV)
    engine.up()


def direct():
    """The API servers themselves, past the balancer."""
    found = []
    for one in engine.containers("api", env=ENV):
        ((binding,),) = [ports for name, ports in engine.inspect(one)["NetworkSettings"]["Ports"].items() if name == "8443/tcp"]
        found.append(engine.Api(int(binding["HostPort"])))
    assert len(found) == 2
    return found


class Load:
    """Clients that ask without a pause, each on a new connection or on one that it keeps; what went wrong, and when."""

    def __init__(self, api):
        self._api, self._end, self._lock = api, threading.Event(), threading.Lock()
        self.served, self.failures = 0, []
        self._threads = [threading.Thread(target=self._ask, args=(number % 2 == 0,), daemon=True) for number in range(CLIENTS)]

    def _ask(self, keeps):
        wire = None
        while not self._end.is_set():
            try:
                wire = wire or raw_http.Wire(self._api.port)
                answer = wire.send(raw_http.head("GET", INFO)).read()
                said = answer.status if answer else "closed without an answer"
            except (OSError, AssertionError) as error:
                said = repr(error)
            with self._lock:
                self.served += said == 200
                if said != 200:
                    self.failures.append(said)
            if said != 200 or not keeps:
                wire.socket.close() if wire else None
                wire = None

    def wait_served(self, more):
        target = self.served + more
        wait.until(lambda: self.served >= target, 60, f"{more} more requests are served")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join(30)


@contextlib.contextmanager
def back_again(one, api):
    """Behind the block the container runs and the balancer uses it."""
    try:
        yield
    finally:
        engine.docker("start", one)
        engine.up("--scale", "api=2", env=ENV)
        wait.until(lambda: up_servers() == 2, 30, "the balancer uses both")
        api.wait_ready()


def up_servers():
    """How many servers the balancer sends to, as its own metrics say."""
    text = engine.compose("exec", "-T", "lb", "curl", "-s", "http://127.0.0.1:8404/metrics", env=ENV)
    (line,) = [line for line in text.splitlines() if line.startswith('haproxy_backend_active_servers{proxy="servers"}')]
    return int(line.split()[-1])


def test_both_serve(api):
    wait.until(lambda: up_servers() == 2, 30, "the balancer uses both")
    assert all(server.ready() for server in (api, *direct()))


def test_a_logout_holds_on_both(api, account):
    both = direct()
    assert [rest.turn(server, account.token).status for server in both] == [200, 200]
    assert rest.logout(api, account.token).status == 200
    told = lambda: [rest.turn(server, account.token).status for server in both] == [401, 401]  # noqa: E731
    wait.until(told, NOTICED_SECONDS, "both know")
    for _ in range(6):
        assert rest.turn(api, account.token).status == 401


def test_the_log_names_the_client_and_not_the_balancer(api):
    request = raw_http.request(api.port, "GET", INFO).header("x-request-id")
    said = lambda: engine.compose("logs", "--no-color", "api", env=ENV)  # noqa: E731
    found = wait.until(lambda: re.search(rf'"{request}".* peer="([^"]+)"', said()), 10, "the request's line")
    assert ipaddress.ip_address(found[1]) not in ipaddress.ip_network(os.environ["INTERNAL_NET"])


def test_no_request_is_lost_when_one_is_stopped(api):
    wait.until(lambda: up_servers() == 2, 30, "the balancer uses both")
    one = engine.containers("api", env=ENV)[0]
    with back_again(one, api), Load(api) as load:
        load.wait_served(200)
        engine.docker("stop", one)
        load.wait_served(500)
        assert engine.inspect(one)["State"]["ExitCode"] == 0
    assert load.failures == []


def test_what_is_killed_is_left_out_soon(api):
    wait.until(lambda: up_servers() == 2, 30, "the balancer uses both")
    one = engine.containers("api", env=ENV)[1]
    with back_again(one, api), Load(api) as load:
        load.wait_served(200)
        engine.docker("kill", "--signal", "KILL", one)
        wait.until(lambda: up_servers() == 1, NOTICED_SECONDS, "the balancer has noticed")
        before = len(load.failures)
        load.wait_served(500)
        assert load.failures[before:] == []
    assert before <= CLIENTS, "only what was on its way may fail"
