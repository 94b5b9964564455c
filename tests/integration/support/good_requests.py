"""For each documented route a request that the server grants. A new route needs an entry in TABLE."""

import typing

from support import push, rest


class Good(typing.NamedTuple):
    body: object = None
    token: str | None = None
    headers: tuple = ()
    parameters: dict = {}


def _plain(_):
    return Good()


def _caller(api):
    return Good(token=rest.Account(api).token)


def _register(_):
    return Good({"username": rest.new_name(), "password": "long enough"})


def _login(api):
    account = rest.Account(api)
    return Good({"username": account.username, "password": account.password})


def _change_password(api):
    account = rest.Account(api)
    return Good({"old_password": account.password, "new_password": account.password + "x"}, account.token)


def _delete_account(api):
    account = rest.Account(api)
    return Good({"jid": account.jid, "password": account.password}, account.token)


def _register_device(api):
    account = rest.Account(api)
    return Good(push.registration_body(account, push.ios()), account.token)


def _forget_device(api):
    callee = push.Callee(api, push.ios())
    return Good({"jid": callee.jid, "device_id": callee.devices[0].device_id}, callee.token)


def _test_device(api):
    callee = push.Callee(api, push.ios())
    return Good({"device_id": callee.devices[0].device_id}, callee.token)


def _webhook(body):
    return Good(body, headers=(f"X-Webhook-Secret: {push.SECRET}",))


def _call(_):
    return _webhook(push.call_body(rest.new_name()))


def _cancel(_):
    wanted = {"callee_username": rest.new_name(), "call_id": push.new_call_id(), "reason": "cancelled"}
    return _webhook(wanted)


def _create_group(api):
    return Good({"name": "Friends", "member_jids": [rest.Account(api).jid]}, rest.Account(api).token)


def _in_group(body=None, with_member=False):
    """What the owner of a new group sends; `with_member`: about someone who is in it."""

    def make(api):
        owner, other = rest.Account(api), rest.Account(api)
        members = [other.jid] if with_member else []
        made = rest.call(api, "POST", "/groups", {"name": "Friends", "member_jids": members}, owner.token)
        assert made.status == 201, made
        parameters = {"group_id": made.json()["group_id"]} | ({"jid": other.jid} if with_member else {})
        return Good({"jid": other.jid} if body == "jid" else body, owner.token, parameters=parameters)

    return make


def _page_file(_):
    return Good(parameters={"file": "page.css"})


TABLE = {
    "POST /api/v1/account/register": _register,
    "POST /api/v1/account/login": _login,
    "POST /api/v1/account/password": _change_password,
    "POST /api/v1/account/logout": _caller,
    "DELETE /api/v1/account": _delete_account,
    "POST /api/v1/push/register": _register_device,
    "DELETE /api/v1/push/register": _forget_device,
    "GET /api/v1/push/devices": _caller,
    "POST /api/v1/push/test": _test_device,
    "POST /api/v1/push/call-notify": _call,
    "POST /api/v1/push/call-cancel": _cancel,
    "GET /api/v1/turn/credentials": _caller,
    "GET /api/v1/server/info": _plain,
    "POST /api/v1/groups": _create_group,
    "POST /api/v1/groups/create": _create_group,
    "GET /api/v1/groups": _caller,
    "PATCH /api/v1/groups/{group_id}": _in_group({"name": "Old friends"}),
    "DELETE /api/v1/groups/{group_id}": _in_group(),
    "GET /api/v1/groups/{group_id}/members": _in_group(),
    "POST /api/v1/groups/{group_id}/members": _in_group("jid"),
    "PUT /api/v1/groups/{group_id}/members/{jid}": _in_group({"affiliation": "admin"}, with_member=True),
    "DELETE /api/v1/groups/{group_id}/members/{jid}": _in_group(with_member=True),
    "GET /healthz": _plain,
    "GET /readyz": _plain,
    "GET /openapi.json": _plain,
    "GET /docs": _plain,
    "GET /redoc": _plain,
    "GET /docs/{file}": _page_file,
    "GET /demo": _plain,
    "GET /demo/settings": _plain,
    "GET /demo/{file}": _page_file,
}
