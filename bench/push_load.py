"""Makes calls as a SIP server would, for bench/push.sh: POST call-notify, so many a second whatever the answers do.

push_load.py PORT USERS RATE SECONDS; the secret comes in WEBHOOK_SECRET. A second of warming up comes first. Prints a
line for each call: "warm|call CALL_ID due begin answered status", times in Unix seconds. `begin` is when the call was
made: when it found a free connection, also when it was written, so waiting for one counts. `due` is when it should have
been made: what lies between is this program's own delay. `status` is "sent" when one device rang.
"""

import asyncio
import collections
import json
import os
import secrets
import sys
import time

CONNECTIONS = 32
WARM_UP_SECONDS = 1
ANSWER_SECONDS = 5

Call = collections.namedtuple("Call", "kind call_id due")


class Connection(asyncio.Protocol):
    """Keep-alive, one request at a time."""

    def __init__(self, load):
        self.load, self.call, self.begin, self.received = load, None, 0.0, b""

    def connection_made(self, transport):
        self.transport = transport
        self.load.release(self)

    def make(self, call, begin, request):
        self.call, self.begin = call, begin
        self.transport.write(request)

    def data_received(self, data):
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if len(body) < int(headers[b"content-length"]):
            return
        self.received = b""
        rang = head.startswith(b"HTTP/1.1 200 ") and json.loads(body) == {"status": "sent", "sent": 1}
        self.end("sent" if rang else head.split(b"\r\n")[0].decode() + " " + body.decode())

    def connection_lost(self, _):
        if self.call:
            self.load.note(self.call, self.begin, "connection lost")
        elif self in self.load.free:
            self.load.free.remove(self)

    def end(self, status):
        call, self.call = self.call, None
        self.load.note(call, self.begin, status)
        self.load.release(self)


class Load:
    def __init__(self, port, users, rate):
        self.users, self.rate = users, rate
        self.free, self.waiting, self.lines = [], collections.deque(), []
        self.head = (
            f"POST /api/v1/push/call-notify HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"X-Webhook-Secret: {os.environ['WEBHOOK_SECRET']}\r\nContent-Length: "
        )
        self.run_id = secrets.token_hex(4)

    def request(self, call, number):
        body = json.dumps(
            {
                "callee_username": f"user{number % self.users}",
                "caller_username": f"caller{number}",
                "caller_display_name": f"Caller Nr. {number}",
                "call_id": call.call_id,
                "call_type": "audio",
            }
        )
        return f"{self.head}{len(body)}\r\n\r\n{body}".encode()

    def release(self, connection):
        if self.waiting:
            connection.make(*self.waiting.popleft())
        else:
            self.free.append(connection)

    def make(self, call, number):
        request = self.request(call, number)
        begin = time.time()
        if self.free:
            self.free.pop().make(call, begin, request)
        else:
            self.waiting.append((call, begin, request))

    def note(self, call, begin, status):
        self.lines.append((call.kind, call.call_id, call.due, begin, time.time(), status))

    async def run(self, seconds):
        count, start = (WARM_UP_SECONDS + seconds) * self.rate, time.time()
        for number in range(count):
            due = start + number / self.rate
            if (ahead := due - time.time()) > 0:
                await asyncio.sleep(ahead)
            kind = "warm" if number < WARM_UP_SECONDS * self.rate else "call"
            self.make(Call(kind, f"{self.run_id}-{number}@bench", due), number)
        limit = time.time() + ANSWER_SECONDS
        while len(self.lines) < count and time.time() < limit:
            await asyncio.sleep(0.01)
        if len(self.lines) < count:
            raise SystemExit(f"{count - len(self.lines)} of {count} calls were never answered")


async def main():
    port, users, rate, seconds = (int(x) for x in sys.argv[1:])
    load = Load(port, users, rate)
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
    await load.run(seconds)
    for kind, call_id, due, begin, answered, status in load.lines:
        print(kind, call_id, f"{due:.6f} {begin:.6f} {answered:.6f}", status)


asyncio.run(main())
