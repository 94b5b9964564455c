"""The fixtures of most push tests, to be imported by name: one fake provider and one server a module."""

import pytest

from support import api_process, fake_push, push


@pytest.fixture(scope="module")
def fake():
    with fake_push.FakePush() as provider:
        yield provider


@pytest.fixture(scope="module")
def api(fake):
    with api_process.ApiProcess(**fake.env()) as process:
        yield process


@pytest.fixture(scope="module", autouse=True)
def connected(api, fake):
    """For who imports it."""
    push.warm_up(api, fake)
