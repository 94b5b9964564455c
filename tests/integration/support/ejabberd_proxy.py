"""ejabberd's admin API with faults: an HTTPS proxy in front of the real one, which keeps what was asked of it and fails
where a test wants it to.

A fault is a function that gets the command's own `forward()` (runs it in ejabberd; status and body of the answer) and
returns status and body for the client, or None to end the connection without an answer.
"""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import ssl
import sys
import threading

from support import stack

FORWARD_SECONDS = 30


def unheard(forward):
    """The connection breaks before ejabberd has heard anything."""
    return None


def unanswered(forward):
    """ejabberd does it, and the connection breaks before the answer."""
    forward()
    return None


def refused(forward):
    """ejabberd says that it cannot."""
    return 500, b'"internal_error"'


def refused_but_done(forward):
    """ejabberd does it in its memory and answers an error, as it does when its database fails."""
    forward()
    return 400, b'"Unable to perform change"'


class EjabberdProxy:
    def __init__(self):
        self._lock = threading.Lock()
        self._seen = []
        self._faults = []
        self._down = False
        certificates = pathlib.Path(os.environ.get("VEIL_CERTS", stack.ROOT / "certs"))
        self.identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.identity.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self):
        return self._server.server_address[1]

    def env(self, port=None):
        """What points an API process here, or to a port of somebody who passes on."""
        return {"EJABBERD_API_URL": f"https://127.0.0.1:{port or self.port}/api"}

    def seen(self, command):
        """The arguments of every call of this command so far, in order."""
        with self._lock:
            return [arguments for name, arguments in self._seen if name == command]

    @contextlib.contextmanager
    def failing(self, command, fault, nth=1, times=1, **having):
        """Inside the block, calls of `command` from the `nth` on meet the fault: so many `times`, None for all.
        having: only calls with these arguments count; the reconciler makes calls of its own."""
        last = None if times is None else nth + times - 1
        entry = {"command": command, "having": having, "fault": fault, "from": nth, "to": last, "count": 0}
        with self._lock:
            self._faults.append(entry)
        try:
            yield
        finally:
            with self._lock:
                self._faults.remove(entry)
        assert entry["count"] >= nth, f"only {entry['count']} of {nth} {command} came: the fault was never met"

    @contextlib.contextmanager
    def down(self):
        """Inside the block, nobody is answered."""
        self._down = True
        try:
            yield
        finally:
            self._down = False

    @contextlib.contextmanager
    def dying_at(self, command, nth=1, **having):
        """From this call on, nobody is answered until the block ends; having: as failing."""

        def die(forward):
            self._down = True

        try:
            with self.failing(command, die, nth, **having):
                yield
        finally:
            self._down = False

    def answer(self, command, arguments, forward):
        """Status and body for the client, or None."""
        with self._lock:
            self._seen.append((command, arguments))
            fault = None if self._down else self._fault_of(command, arguments)
        if self._down:
            return None
        return fault(forward) if fault else forward()

    def _fault_of(self, command, arguments):
        found = None
        for entry in self._faults:
            if entry["command"] == command and entry["having"].items() <= arguments.items():
                entry["count"] += 1
                hit = entry["count"] >= entry["from"] and (entry["to"] is None or entry["count"] <= entry["to"])
                found = entry["fault"] if hit else found
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A connection that ended early is the client's business."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection of the API process; TLS begins in its own thread, so that a slow one holds up nobody."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 300

    def setup(self):
        self.request = self.server.proxy.identity.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        command = self.path.rsplit("/", 1)[1]
        try:
            answer = self.server.proxy.answer(command, json.loads(body), lambda: self._forward(body))
        except OSError:
            answer = None  # the real one is away
        if answer is None:
            self.close_connection = True
            return
        status, content = answer
        head = f"HTTP/1.1 {status} Proxied\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self.wfile.write(head.encode() + content)

    def _forward(self, body):
        """The command in ejabberd, on a connection of its own."""
        trust = ssl.create_default_context(cafile=stack.ca_file())
        port = stack.port("EJABBERD_API_PORT", 5444)
        link = http.client.HTTPSConnection("127.0.0.1", port, timeout=FORWARD_SECONDS, context=trust)
        try:
            link.request("POST", self.path, body, {"Authorization": self.headers["Authorization"]})
            answer = link.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            link.close()

    def log_message(self, *_):
        """Nothing: the tests read `seen`."""
