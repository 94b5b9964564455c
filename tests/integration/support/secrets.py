"""Every password and token that the tests use, so that each process's log can be searched for them."""

import secrets as _random
import threading

_lock = threading.Lock()
_seen = set()


def remember(text):
    """Notes a text that must never be logged, and returns it."""
    with _lock:
        _seen.add(text)
    return text


def password():
    return remember("pw-" + _random.token_hex(10))


def leaked_in(text):
    """The noted secrets that occur in `text`."""
    with _lock:
        return sorted(secret for secret in _seen if secret in text)
