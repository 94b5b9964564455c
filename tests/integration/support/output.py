"""What a process writes to a pipe, line by line, known from the moment it was written: a test that has seen an effect
of the process also sees what it wrote before, however late this process's threads are scheduled.
"""

import os
import select
import threading


class Output:
    def __init__(self, pipe, parse=lambda line: line):
        self._pipe, self._parse = pipe, parse
        self._lines, self._rest, self._ended = [], b"", False
        self._lock = threading.Lock()
        os.set_blocking(pipe.fileno(), False)
        self._thread = threading.Thread(target=self._follow, daemon=True)  # the process must never wait for a reader
        self._thread.start()

    def lines(self):
        """The whole lines so far."""
        self._take()
        with self._lock:
            return list(self._lines)

    def text(self):
        """Everything so far, of a process whose lines are not parsed."""
        return "".join(self.lines()) + self._rest.decode(errors="replace")

    def wait_end(self, seconds):
        """Waits until the process, and whoever else held the pipe, has closed it."""
        self._thread.join(seconds)

    def _follow(self):
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while not self._ended:
            poll.poll()
            self._take()
        self._pipe.close()

    def _take(self):
        with self._lock:
            while not self._ended:
                try:
                    data = os.read(self._pipe.fileno(), 1 << 16)
                except BlockingIOError:
                    return
                self._ended = not data
                *whole, self._rest = (self._rest + data).split(b"\n")
                self._lines += [self._parse(line.decode(errors="replace") + "\n") for line in whole]
