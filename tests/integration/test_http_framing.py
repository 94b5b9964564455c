"""Where one request ends and the next begins: what a careless server would misread is refused, the rest is served."""

import pytest

from support import raw_http

INFO = "/api/v1/server/info"
LOGIN = "/api/v1/account/login"
BODY = b'{"username":"nobody_here","password":"long enough"}'


def post_head(*lines):
    return raw_http.head("POST", LOGIN, "Content-Type: application/json", *lines).encode()


@pytest.mark.parametrize(
    "data",
    [
        f"GET {INFO} HTTP/1.1\r\n\r\n",
        f"GET {INFO} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        f"GET {INFO} HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        f"GET {INFO} HTTP/1.1\r\nHost: a\r\nBroken header\r\n\r\n",
        f"GET {INFO} HTTP/1.1\r\nHost: a\r\nName : value\r\n\r\n",
        f"GET {INFO} HTTP/1.1\r\nHost: a\r\nNa\x01me: value\r\n\r\n",
        f"GET {INFO}\r\n\r\n",
        f"GET  {INFO} HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET {INFO} HTTP/one\r\nHost: a\r\n\r\n",
        f"GET {INFO} JUNK/1.1\r\nHost: a\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # a TLS hello on the plain port
        "garbage\r\n\r\n",
    ],
)
def test_a_broken_head_is_a_bad_request(api, data):
    with raw_http.Wire(api.port) as wire:
        raw_http.assert_error(wire.send(data.encode("latin-1")).read(), 400)
        assert wire.closed()


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 51", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 51"),
        ("Content-Length: 51", "Content-Length: 50"),
        ("Content-Length: -1",),
        ("Content-Length: +51",),
        ("Content-Length: 0x33",),
        ("Content-Length: 99999999999999999999999",),
        ("Transfer-Encoding: gzip",),
        ("Transfer-Encoding: chunked, gzip",),
    ],
)
def test_an_ambiguous_body_length_is_a_bad_request(api, lines):
    with raw_http.Wire(api.port) as wire:
        raw_http.assert_error(wire.send(post_head(*lines) + BODY).read(), 400)
        assert wire.closed()  # what follows is never read as a second request


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n", b"-1\r\n", b"5\r\nabcdeXX0\r\n\r\n", b"fffffffffffffffff\r\n", b"5;\x00\r\nabcde\r\n0\r\n\r\n"],
)
def test_bad_chunking_is_a_bad_request(api, chunks):
    with raw_http.Wire(api.port) as wire:
        raw_http.assert_error(wire.send(post_head("Transfer-Encoding: chunked") + chunks).read(), 400)
        assert wire.closed()


def test_a_chunked_body_is_read(api):
    chunks = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in BODY) + b"0\r\n\r\n"
    answer = raw_http.exchange(api.port, post_head("Transfer-Encoding: chunked") + chunks)
    raw_http.assert_error(answer, 401, "Invalid username or password.")


def test_a_request_that_arrives_byte_by_byte_is_read(api):
    with raw_http.Wire(api.port) as wire:
        for byte in post_head(f"Content-Length: {len(BODY)}") + BODY:
            wire.send(bytes([byte]))
        raw_http.assert_error(wire.read(), 401, "Invalid username or password.")


def test_pipelined_requests_are_answered_in_their_order(api):
    data = b""
    for number in range(12):
        if number % 3 == 0:
            data += post_head(f"Content-Length: {len(BODY)}", f"X-Request-Id: n{number}") + BODY
        else:
            data += raw_http.head("GET", INFO if number % 3 == 1 else "/nothing", f"X-Request-Id: n{number}").encode()
    with raw_http.Wire(api.port) as wire:
        wire.send(data)
        answers = [wire.read() for _ in range(12)]
    assert [answer.header("x-request-id") for answer in answers] == [f"n{number}" for number in range(12)]
    assert [answer.status for answer in answers] == [401, 200, 404] * 4


def test_a_body_of_a_get_is_not_read_as_the_next_request(api):
    inner = raw_http.head("GET", "/nothing", "X-Request-Id: inner").encode()
    with raw_http.Wire(api.port) as wire:
        wire.send(raw_http.head("GET", INFO, f"Content-Length: {len(inner)}", "X-Request-Id: outer").encode() + inner)
        wire.send(raw_http.head("GET", INFO, "X-Request-Id: next"))
        assert [wire.read().header("x-request-id") for _ in range(2)] == ["outer", "next"]


def test_expect_continue_is_answered_before_the_body(api):
    with raw_http.Wire(api.port) as wire:
        wire.send(post_head(f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
        assert wire.read().status == 100
        wire.send(BODY)
        raw_http.assert_error(wire.read(), 401, "Invalid username or password.")


def test_no_continue_is_sent_for_a_body_that_is_too_large(api):
    with raw_http.Wire(api.port) as wire:
        wire.send(post_head("Content-Length: 70000", "Expect: 100-continue"))
        raw_http.assert_error(wire.read(), 413, "Payload Too Large")


def test_a_connection_serves_many_requests(api):
    with raw_http.Wire(api.port) as wire:
        for _ in range(50):
            assert wire.send(raw_http.head("GET", INFO)).read().status == 200


def test_connection_close_ends_the_connection(api):
    with raw_http.Wire(api.port) as wire:
        answer = wire.send(raw_http.head("GET", INFO, "Connection: close")).read()
        assert (answer.status, answer.header("connection")) == (200, "close")
        assert wire.closed()


def test_http_1_0_is_served_and_closed(api):
    with raw_http.Wire(api.port) as wire:
        assert wire.send(f"GET {INFO} HTTP/1.0\r\n\r\n").read().status == 200
        assert wire.closed()


def test_http_1_0_may_ask_for_keep_alive(api):
    with raw_http.Wire(api.port) as wire:
        for _ in range(3):
            answer = wire.send(f"GET {INFO} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").read()
            assert (answer.status, answer.header("connection")) == (200, "keep-alive")


def test_a_client_that_goes_away_harms_nobody(api):
    for data in (b"", b"GET ", post_head("Content-Length: 51") + BODY[:10], raw_http.head("GET", INFO).encode() * 20):
        raw_http.Wire(api.port).send(data).socket.close()
    assert raw_http.exchange(api.port, raw_http.head("GET", INFO)).status == 200
