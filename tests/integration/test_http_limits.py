"""Sizes and times: who sends too much or too slowly is told so, and the others do not notice."""

import concurrent.futures
import select
import time

import pytest

from support import raw_http

INFO = "/api/v1/server/info"
LOGIN = "/api/v1/account/login"
BODY_LIMIT = 64 * 1024
HEAD_LIMIT = 16 * 1024
HEAD_SECONDS = 10
BODY_SECONDS = 20
SLACK_SECONDS = 4  # a busy machine, and the server looks at its clocks now and then


def padded(size):
    """A login body of exactly `size` bytes."""
    frame = '{"username":"nobody_here","password":"long enough","pad":"%s"}'
    return (frame % ("x" * (size - len(frame) + 2))).encode()


def chunked(body):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize("path", [LOGIN, "/api/v1/account", "/api/v1/nothing"])
def test_a_body_over_the_limit_is_refused_whatever_the_path(api, path):
    answer = raw_http.request(api.port, "POST", path, padded(BODY_LIMIT + 1))
    raw_http.assert_error(answer, 413, "Payload Too Large")
    assert answer.header("connection") == "close"


def test_a_body_at_the_limit_is_read(api):
    answer = raw_http.request(api.port, "POST", LOGIN, padded(BODY_LIMIT))
    raw_http.assert_error(answer, 401, "Invalid username or password.")


def test_the_limit_holds_for_chunks_too(api):
    head = raw_http.head("POST", LOGIN, "Content-Type: application/json", "Transfer-Encoding: chunked").encode()
    raw_http.assert_error(raw_http.exchange(api.port, head + chunked(padded(BODY_LIMIT))), 401)
    raw_http.assert_error(raw_http.exchange(api.port, head + chunked(padded(BODY_LIMIT + 1))), 413, "Payload Too Large")
    many = b"".join(b"400\r\n" + b"x" * 1024 + b"\r\n" for _ in range(65))
    raw_http.assert_error(raw_http.exchange(api.port, head + many), 413, "Payload Too Large")


def test_the_refusal_of_a_large_body_reaches_a_client_that_sends_on(api):
    head = raw_http.head("POST", LOGIN, "Content-Length: 500000").encode()
    raw_http.assert_error(raw_http.exchange(api.port, head + b"x" * 500_000), 413, "Payload Too Large")


@pytest.mark.parametrize(
    "data",
    [
        raw_http.head("GET", INFO, "X-Pad: " + "x" * HEAD_LIMIT),
        raw_http.head("GET", INFO, *(f"X-Pad-{n}: {'x' * 100}" for n in range(200))),
        raw_http.head("GET", "/" + "x" * HEAD_LIMIT),
    ],
    ids=["one long header", "many headers", "long target"],
)
def test_a_head_over_the_limit_is_refused(api, data):
    with raw_http.Wire(api.port) as wire:
        raw_http.assert_error(wire.send(data).read(), 431)
        assert wire.closed()


def test_a_head_under_the_limit_is_read(api):
    assert raw_http.exchange(api.port, raw_http.head("GET", INFO, "X-Pad: " + "x" * (HEAD_LIMIT - 500))).status == 200


def drip(wire, first, data):
    """Sends `first`, then one byte a second until the server says something; returns the seconds that took."""
    begin = time.monotonic()
    wire.send(first)
    for byte in data:
        if select.select([wire.socket], [], [], 1)[0]:
            return time.monotonic() - begin
        wire.send(bytes([byte]))
    raise AssertionError("the server never lost patience")


def slow_head(api):
    with raw_http.Wire(api.port) as wire:
        seconds = drip(wire, "GET ", b"/" + b"x" * 60)
        raw_http.assert_error(wire.read(), 408)
        assert wire.closed()
    assert HEAD_SECONDS - 1 <= seconds <= HEAD_SECONDS + SLACK_SECONDS


def slow_body(api):
    with raw_http.Wire(api.port) as wire:
        seconds = drip(wire, raw_http.head("POST", LOGIN, "Content-Length: 1000"), b"{" + b" " * 60)
        raw_http.assert_error(wire.read(), 408)
        assert wire.closed()
    assert BODY_SECONDS - 1 <= seconds <= BODY_SECONDS + SLACK_SECONDS


def idle_between_requests(api):
    """Longer idle than the limits of head and body: keep-alive has a limit of its own."""
    with raw_http.Wire(api.port) as wire:
        assert wire.send(raw_http.head("GET", INFO)).read().status == 200
        closed_early = select.select([wire.socket], [], [], BODY_SECONDS + SLACK_SECONDS)[0]
        assert not closed_early
        assert wire.send(raw_http.head("GET", INFO)).read().status == 200


def served_meanwhile(api):
    """A well-behaved client gets its answers at once all the while."""
    end = time.monotonic() + BODY_SECONDS
    with raw_http.Wire(api.port) as wire:
        while time.monotonic() < end:
            begin = time.monotonic()
            assert wire.send(raw_http.head("GET", INFO)).read().status == 200
            assert time.monotonic() - begin < SLACK_SECONDS
            assert not select.select([wire.socket], [], [], 0.5)[0]


def test_slow_clients_are_timed_out_and_idle_ones_are_kept(api):
    subjects = (slow_head, slow_head, slow_body, slow_body, idle_between_requests, served_meanwhile)
    with concurrent.futures.ThreadPoolExecutor(len(subjects)) as pool:
        for done in [pool.submit(subject, api) for subject in subjects]:
            done.result()
