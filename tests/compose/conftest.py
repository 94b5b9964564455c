"""Tests of the containers, through what they publish: scripts/test-compose.sh brings them up and runs these in the order of
their phases. What clients do is in tests/integration/support."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import engine  # noqa: E402
from support import rest  # noqa: E402


@pytest.fixture(scope="session")
def api():
    """The API at its published port."""
    return engine.Api()


@pytest.fixture
def account(api):
    return rest.Account(api)
