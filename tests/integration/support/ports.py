"""Ports for servers of a test's own, below those that the kernel hands out: a port stays free until its server listens, and
while it is started again. Each worker of the tests has a range to itself."""

import itertools
import os
import random
import socket

FIRST, EACH = 10_000, 2_000

_begin = FIRST + EACH * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_next = itertools.count(random.randrange(EACH))


def _is_free(port):
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free(count):
    """So many ports that nobody has and that no earlier call gave lately."""
    candidates = (_begin + number % EACH for number in itertools.islice(_next, EACH))
    found = list(itertools.islice(filter(_is_free, candidates), count))
    assert len(found) == count, f"no {count} free ports from {_begin} on"
    return found
