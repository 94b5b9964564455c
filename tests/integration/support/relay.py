"""A TCP relay between two sides of a test: passes connections on to a port until it is cut."""

import contextlib
import socket
import threading


class Relay:
    """Once it is cut, connections are accepted and closed at once, and counted in `refused`."""

    def __init__(self, port):
        self._to = port
        self._cut = False
        self._open = []
        self._lock = threading.Lock()
        self.refused = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            with self._lock:
                if self._cut:
                    self.refused += 1
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._to))
                self._open += [client, server]
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    @staticmethod
    def _pass_on(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            _shut(end)

    def cut(self):
        with self._lock:
            self._cut = True
            for end in self._open:
                _shut(end)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _shut(self._listener)
        self.cut()
        for end in (self._listener, *self._open):
            end.close()


def _shut(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
