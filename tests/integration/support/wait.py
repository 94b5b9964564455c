"""Waiting for a condition with a bound, the only kind of waiting in these tests."""

import time

POLL_SECONDS = 0.05


def until(condition, seconds, what):
    """Returns the first truthy value of condition(); fails when it is still false after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        over = time.monotonic() > end  # looked at before, so that a pause of the machine within condition() is not the end
        value = condition()
        if value:
            return value
        if over:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(POLL_SECONDS)
