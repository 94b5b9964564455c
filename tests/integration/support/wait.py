"""Waiting for a condition with a bound, the only kind of waiting in these tests."""

import time

POLL_SECONDS = 0.05


def until(condition, seconds, what):
    """Returns the first truthy value of condition(); fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(POLL_SECONDS)
