"""A server whose ejabberd is behind a proxy that can fail, one a module; to be imported by name."""

import pytest

from support import api_process, ejabberd_proxy


@pytest.fixture(scope="module")
def proxy():
    with ejabberd_proxy.EjabberdProxy() as between:
        yield between


@pytest.fixture(scope="module")
def api(proxy):
    with api_process.ApiProcess(**proxy.env()) as process:
        yield process
        process.stop()
