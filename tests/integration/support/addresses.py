"""Clients at addresses of their own: a proxy on this machine, which the server trusts, speaks for them."""

import ipaddress
import secrets

from support import raw_http, rest


def new_address():
    """An IPv6 address whose network no other test uses, in this run or an earlier one."""
    words = secrets.token_hex(6)
    return ipaddress.ip_address(f"2001:db8:{words[:4]}:{words[4:8]}::{words[8:]}").compressed


class At:
    """The server as seen from one address: `rest` functions take it instead of the process."""

    def __init__(self, api, address=None):
        self.port = api.port
        self.address = address or new_address()
        self.headers = (f"X-Forwarded-For: {self.address}",)

    def call(self, method, path, body=None, token=None, headers=()):
        return rest.call(self, method, path, body, token, headers)

    def login(self, username, password):
        return rest.login(self, username, password)

    def register(self, username, password):
        return rest.register(self, username, password)


def policy(answer):
    """(name, quota, window) of the RateLimit-Policy header."""
    return _item(answer.header("ratelimit-policy"), "q", "w")


def limit(answer):
    """(name, remaining, seconds) of the RateLimit header."""
    return _item(answer.header("ratelimit"), "r", "t")


def _item(text, first, second):
    assert text is not None, "the header is missing"
    name, *parameters = text.split(";")
    assert name[0] == name[-1] == '"' and len(name) > 2, text
    values = dict(each.split("=") for each in parameters)
    assert list(values) == [first, second], text
    return name.strip('"'), int(values[first]), int(values[second])


def assert_refused(answer):
    """A 429 as the contract has it; returns the seconds to wait."""
    raw_http.assert_error(answer, 429, "Too Many Requests")
    seconds = int(answer.header("retry-after"))
    assert seconds >= 1
    assert limit(answer)[1:] == (0, seconds)
    return seconds
