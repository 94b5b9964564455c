"""An HTTP/1.1 client as apps are: one connection that is kept alive, one request at a time, JSON both ways."""

import asyncio
import json
import time

ANSWER_SECONDS = 20


class Unanswered(Exception):
    """The connection broke or nothing came in time: the request may have been carried out, or not."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def detail(self):
        try:
            return self.json().get("detail")
        except ValueError:
            return None

    def __repr__(self):
        return f"{self.status} {self.body[:200]!r}"


class Client:
    """`latencies` takes the seconds of every answer."""

    def __init__(self, port, latencies=None, source=None):
        self._port, self._source = port, source
        self._latencies = [] if latencies is None else latencies
        self._link = None

    async def request(self, method, path, body=None, token=None, headers=(), prefix="/api/v1", seconds=ANSWER_SECONDS):
        data = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {prefix}{path} HTTP/1.1", "Host: 127.0.0.1", *headers]
        if body is not None:
            lines += [f"Content-Length: {len(data)}", "Content-Type: application/json"]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        begin = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                answer = await self._exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            raise Unanswered(f"{method} {path}: {type(error).__name__} {error}") from error
        except BaseException:
            self.close()
            raise
        self._latencies.append(time.monotonic() - begin)
        return answer

    async def _exchange(self, data):
        if self._link is None:
            source = (self._source, 0) if self._source else None
            self._link = await asyncio.open_connection("127.0.0.1", self._port, local_addr=source)
        reader, writer = self._link
        writer.write(data)
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        answer = Answer(int(first.split()[1]), headers, await reader.readexactly(int(headers["content-length"])))
        if headers.get("connection") == "close":
            self.close()
        return answer

    def close(self):
        """The next request opens a connection of its own."""
        if self._link is not None:
            self._link[1].transport.abort()
            self._link = None
