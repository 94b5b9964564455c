"""A client of the API for bench/groups.sh: keep-alive connections, one request at a time on each, JSON both ways."""

import asyncio
import json


class Client:
    def __init__(self, port):
        self.port, self.free = port, []

    async def request(self, method, path, token="", body=None):
        """The status and the parsed body of the answer. Raises ConnectionError when there is none."""
        payload = b"" if body is None else json.dumps(body).encode()
        head = f"{method} /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: {len(payload)}\r\n"
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        if payload:
            head += "Content-Type: application/json\r\n"
        reader, writer = self.free.pop() if self.free else await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(head.encode() + b"\r\n" + payload)
            answer = await read_answer(reader)
        except BaseException:
            writer.close()
            raise
        self.free.append((reader, writer))
        return answer


async def read_answer(reader):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        body = await reader.readexactly(int(headers["content-length"]))
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("closed before the answer was complete") from error
    return int(status.split()[1]), json.loads(body)
