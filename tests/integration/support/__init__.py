"""Shared helpers of the integration tests: the stack, the API process, raw HTTP, XMPP clients, the database."""

import os
import pathlib


def _take_own_stack():
    """With several workers (pytest-xdist), each has a stack of its own: its file in the folder VEIL_WORKERS holds the
    variables that say where. Here, because this runs before any helper reads the environment."""
    folder, worker = os.environ.get("VEIL_WORKERS"), os.environ.get("PYTEST_XDIST_WORKER")
    if folder and worker:
        lines = (pathlib.Path(folder) / worker).read_text().splitlines()
        os.environ.update(line.split("=", 1) for line in lines)


_take_own_stack()
