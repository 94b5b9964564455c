"""The REST API as a client uses it: one short function a route, on top of raw HTTP."""

import secrets as _random

from support import raw_http, secrets, stack

PREFIX = "/api/v1"


def new_name(prefix="user"):
    """A username that no other test uses, in this run or an earlier one."""
    return f"{prefix}_{_random.token_hex(6)}"


def jid(username):
    return f"{username.lower()}@{stack.DOMAIN}"


def call(api, method, path, body=None, token=None, headers=()):
    headers = (*getattr(api, "headers", ()), *headers)  # of a client with an address of its own
    answer = raw_http.request(api.port, method, PREFIX + path, body, token, headers)
    assert answer is not None, f"{method} {path}: the connection was closed without an answer"
    return answer


def register(api, username, password):
    return _remember(call(api, "POST", "/account/register", {"username": username, "password": password}))


def login(api, username, password):
    return _remember(call(api, "POST", "/account/login", {"username": username, "password": password}))


def change_password(api, token, old, new):
    return _remember(call(api, "POST", "/account/password", {"old_password": old, "new_password": new}, token))


def logout(api, token):
    return call(api, "POST", "/account/logout", token=token)


def delete(api, token, username, password):
    return call(api, "DELETE", "/account", {"jid": jid(username), "password": password}, token)


def turn(api, token):
    """The cheapest route behind a token: what it answers is what the token is worth."""
    return call(api, "GET", "/turn/credentials", token=token)


def _remember(answer):
    if answer.status in (200, 201):
        secrets.remember(answer.json()["token"])
    return answer


class Account:
    """A freshly registered account."""

    def __init__(self, api, prefix="user", password=None):
        self.username = new_name(prefix)
        self.jid = jid(self.username)
        self.password = password or secrets.password()
        answer = register(api, self.username, self.password)
        assert answer.status == 201, answer
        self.token = answer.json()["token"]
