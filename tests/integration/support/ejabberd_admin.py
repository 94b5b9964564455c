"""ejabberd's admin API with the API's own account: what rooms, affiliations and subscriptions there really are."""

import base64
import functools
import http.client
import json
import os
import ssl

from support import secrets, stack

SERVICE = f"muc.{stack.DOMAIN}"
CALL_SECONDS = 15


def _post(command, arguments, authorization):
    trust = ssl.create_default_context(cafile=stack.ca_file())
    link = http.client.HTTPSConnection(
        "127.0.0.1", stack.port("EJABBERD_API_PORT", 5444), timeout=CALL_SECONDS, context=trust
    )
    try:
        link.request("POST", f"/api/{command}", json.dumps(arguments), {"Authorization": authorization})
        answer = link.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        link.close()


@functools.cache
def _bearer():
    account = f"{os.environ.get('EJABBERD_API_USER', 'veil-api')}@{stack.DOMAIN}"
    basic = base64.b64encode(f"{account}:{os.environ['EJABBERD_API_PASSWORD']}".encode()).decode()
    wanted = {"jid": account, "ttl": 3600, "scopes": "ejabberd:admin"}
    status, content = _post("oauth_issue_token", wanted, f"Basic {basic}")
    assert status == 200, (status, content)
    return secrets.remember(content["token"])


def attempt(command, **arguments):
    """Status and content of a command's answer. An ejabberd that was started again knows no token any more."""
    status, content = _post(command, arguments, f"Bearer {_bearer()}")
    if status != 401:
        return status, content
    _bearer.cache_clear()
    return _post(command, arguments, f"Bearer {_bearer()}")


def call(command, **arguments):
    status, content = attempt(command, **arguments)
    assert status == 200, (command, status, content)
    return content


def _name(room):
    name, service = room.split("@")
    return {"name": name, "service": service}


def rooms():
    """The JIDs of all rooms."""
    return set(call("muc_online_rooms", service=SERVICE))


def options(room):
    """The options of a room as texts; empty when there is no such room."""
    return call("get_room_options", **_name(room))


def affiliations(room):
    """Role by bare JID; empty when there is no such room."""
    status, content = attempt("get_room_affiliations", **_name(room))
    if status != 200:
        assert "does not exist" in str(content), (status, content)
        return {}
    return {f"{entry['username']}@{entry['domain']}": entry["affiliation"] for entry in content}


def subscribers(room):
    """The bare JIDs of all MucSub subscribers; empty when there is no such room."""
    status, content = attempt("get_subscribers", **_name(room))
    if status != 200:
        assert "not exist" in str(content) or "not_found" in str(content), (status, content)
        return set()
    return set(content)


def subscriptions(username):
    """The rooms whose messages reach this user while he is in none."""
    return {entry["roomjid"] for entry in call("get_user_subscriptions", user=username, host=stack.DOMAIN)}
