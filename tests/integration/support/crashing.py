"""Servers that die in the middle: the debug build kills itself at the point that VEIL_FAULT names."""

import signal

import pytest

from support import api_process


def crash(point, request, **overrides):
    """A server that dies at `point` while it serves request(api); the client's connection breaks without an answer."""
    doomed = api_process.ApiProcess(VEIL_FAULT=point, **overrides)
    with pytest.raises((AssertionError, ConnectionError)):
        request(doomed)
    assert doomed.wait_end(10) == -signal.SIGKILL, doomed.log()
    doomed.assert_log_clean()
