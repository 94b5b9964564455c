"""HTTP/1.1 byte by byte: what is sent is exactly what the test says, what is read is one answer at a time."""

import json
import socket

READ_SECONDS = 30


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # list of (lower-case name, value), in order
        self.body = body

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def header(self, name):
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    def json(self):
        assert self.header("content-type") == "application/json", self.headers
        return json.loads(self.body)

    def __repr__(self):
        return f"Answer({self.status}, {self.headers}, {self.body!r})"


class Wire:
    """One connection to the server. `read` returns one answer, or None when the server has closed."""

    def __init__(self, port, seconds=READ_SECONDS):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        return self

    def _fill(self):
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def _until(self, mark):
        while mark not in self._buffer:
            if not self._fill():
                return None
        head, self._buffer = self._buffer.split(mark, 1)
        return head

    def read(self, method="GET"):
        head = self._until(b"\r\n\r\n")
        if head is None:
            assert self._buffer == b"", f"cut off: {self._buffer!r}"
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = first.split(" ")
        assert version == "HTTP/1.1", first
        headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        answer = Answer(int(status), headers, b"")
        has_body = method != "HEAD" and answer.status >= 200 and answer.status != 204
        length = int(answer.header("content-length")) if has_body else 0
        while len(self._buffer) < length:
            assert self._fill(), "the body was cut off"
        answer.body, self._buffer = self._buffer[:length], self._buffer[length:]
        return answer

    def rest(self):
        """Everything up to the end of the connection."""
        while self._fill():
            pass
        rest, self._buffer = self._buffer, b""
        return rest

    def closed(self):
        """Whether the server has ended the connection without another byte."""
        return self.rest() == b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def head(method, target, *lines):
    """A request head for a well-behaved client, with extra header lines."""
    return "".join(f"{line}\r\n" for line in (f"{method} {target} HTTP/1.1", "Host: localhost", *lines)) + "\r\n"


def exchange(port, data, method="GET"):
    """Sends bytes on a connection of their own and returns the first answer."""
    with Wire(port) as wire:
        return wire.send(data).read(method)


def request(port, method, target, body=None, token=None, headers=()):
    """One request on a connection of its own. A body that is not bytes is sent as JSON."""
    lines = list(headers)
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    data = b""
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines += [f"Content-Length: {len(data)}"]
        if not any(line.lower().startswith("content-type:") for line in lines):
            lines.append("Content-Type: application/json")
    return exchange(port, head(method, target, *lines).encode() + data, method)


def assert_error(answer, status, detail=None):
    """An error is JSON of one member, and carries the headers that every answer carries."""
    assert answer is not None, "the connection was closed without an answer"
    assert answer.status == status, answer
    content = answer.json()
    assert list(content) == ["detail"], content
    if detail is not None:
        assert content["detail"] == detail
    else:
        assert content["detail"]
    assert answer.header("x-request-id")
    assert answer.header("x-content-type-options") == "nosniff"
