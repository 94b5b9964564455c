"""Asked to stop, the server finishes what it has begun, takes nothing new, and ends with 0 in time."""

import json
import signal
import threading
import time

import pytest

from support import api_process, raw_http, rest, stack, wait

STOP_SECONDS = 10
AT_ONCE_SECONDS = 5  # not the six that a client may take to finish
GRACE_SECONDS = 10  # six for a client that never finishes, and time to clean up: what a container is given
INFO = "/api/v1/server/info"
LOGIN = "/api/v1/account/login"


@pytest.fixture
def server():
    with api_process.ApiProcess() as process:
        yield process


def begun_login(server, account):
    """A request that the server has certainly begun to serve: it has asked for the body."""
    body = json.dumps({"username": account.username, "password": account.password}).encode()
    wire = raw_http.Wire(server.port)
    wire.send(raw_http.head("POST", LOGIN, f"Content-Length: {len(body)}", "Expect: 100-continue"))
    assert wire.read().status == 100
    return wire, body


def refused(port):
    try:
        raw_http.Wire(port, 2).socket.close()
    except (ConnectionRefusedError, ConnectionResetError):  # reset: the listener closed at this moment
        return True
    return False


def readiness(server):
    return raw_http.request(server.port, "GET", "/readyz")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_request_in_flight_is_answered(server, number):
    account = rest.Account(server)
    requests = [begun_login(server, account) for _ in range(5)]
    server.signal(number)
    wait.until(lambda: refused(server.port), 5, "new connections are refused")
    for wire, body in requests:
        answer = wire.send(body).read()
        assert answer.status == 200
        assert answer.header("connection") == "close"
        assert answer.json()["jid"] == account.jid
        assert wire.closed()
    server.assert_clean(server.wait_end(STOP_SECONDS))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_idle_connections_delay_nothing(server, number):
    silent = raw_http.Wire(server.port)
    idle = raw_http.Wire(server.port)
    assert idle.send(raw_http.head("GET", INFO)).read().status == 200
    server.signal(number)
    assert idle.closed() and silent.closed()
    server.assert_clean(server.wait_end(AT_ONCE_SECONDS))


def test_a_client_that_never_finishes_delays_the_end_only_so_long(server):
    account = rest.Account(server)
    stuck, _ = begun_login(server, account)
    with stuck:
        server.signal(signal.SIGTERM)
        server.assert_clean(server.wait_end(GRACE_SECONDS))


def test_a_frozen_database_does_not_keep_it(server):
    """Also not while it is being asked whether it still lives, as happens every five seconds."""
    with stack.frozen("db"):
        begun = time.monotonic()
        wait.until(lambda: time.monotonic() > begun + 6, 10, "the next question to the database")
        server.signal(signal.SIGTERM)
        server.assert_clean(server.wait_end(GRACE_SECONDS))


def test_a_draining_server_says_so_and_serves_on():
    with api_process.ApiProcess(DRAIN_SECONDS="10") as server:
        account = rest.Account(server)
        server.signal(signal.SIGTERM)
        wait.until(lambda: readiness(server).status == 503, 5, "readiness is gone")
        assert readiness(server).json()["status"] == "stopping"
        assert rest.login(server, account.username, account.password).status == 200
        wait.until(lambda: refused(server.port), 20, "new connections are refused")
        server.assert_clean(server.wait_end(STOP_SECONDS))


def test_a_second_signal_does_no_harm(server):
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGTERM)
    server.assert_clean(server.wait_end(STOP_SECONDS))


def test_stopping_under_load_breaks_no_answer(server):
    """Connections are closed between answers, never within one (the reader fails on an answer that is cut off)."""
    answered = []
    broken = []
    running = threading.Event()

    def hammer():
        try:
            with raw_http.Wire(server.port) as wire:
                while (answer := wire.send(raw_http.head("GET", INFO)).read()) is not None:
                    answered.append(answer.status)
                    if len(answered) > 50:
                        running.set()
        except ConnectionError:
            pass  # the connection was closed while this request was on its way
        except AssertionError as error:
            broken.append(error)

    clients = [threading.Thread(target=hammer) for _ in range(8)]
    for client in clients:
        client.start()
    assert running.wait(10)
    server.signal(signal.SIGTERM)
    server.assert_clean(server.wait_end(STOP_SECONDS))
    for client in clients:
        client.join(10)
    assert broken == []
    assert set(answered) == {200}
