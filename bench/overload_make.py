"""Registers users for bench/overload.sh and writes down the requests that its client sends.

overload_make.py PORT USERS FOLDER; WEBHOOK_SECRET comes from the environment. The files in FOLDER hold tokens and
passwords, so only their owner may read them: one line for a request, METHOD, PATH, TOKEN and BODY separated by tabs.
"""

import asyncio
import json
import os
import pathlib
import secrets
import sys

from groups_client import Client

AT_ONCE = 8


def line(method, path, token="", body=None):
    return "\t".join((method, path, token, "" if body is None else json.dumps(body, separators=(",", ":")))) + "\n"


async def register(client, number):
    credentials = {"username": f"user{number}", "password": secrets.token_hex(16)}
    status, answer = await client.request("POST", "account/register", body=credentials)
    if status != 201:
        raise SystemExit(f"user {number} could not be registered: {status} {answer}")
    return credentials, answer["jid"], answer["token"]


async def register_all(port, users):
    client, left, made = Client(port), iter(range(users)), []

    async def worker():
        for number in left:
            made.append(await register(client, number))

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return made


def device(jid):
    return {"jid": jid, "device_id": "phone", "platform": "android", "push_token": secrets.token_hex(32), "app_id": "bench"}


def main():
    port, users, folder = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    made = asyncio.run(register_all(port, users))
    call = {"callee_username": "nobody_here", "caller_username": "user0", "call_id": "bench"}
    files = {
        "login": [line("POST", "/api/v1/account/login", body=credentials) for credentials, _, _ in made],
        "push-register": [line("POST", "/api/v1/push/register", token, device(jid)) for _, jid, token in made],
        "turn": [line("GET", "/api/v1/turn/credentials", token) for _, _, token in made],
        "probes": [
            line("GET", "/healthz"),
            line("GET", "/readyz"),
            line("POST", "/api/v1/push/call-notify", f"webhook {os.environ['WEBHOOK_SECRET']}", call),
        ],
    }
    for name, lines in files.items():
        (folder / name).write_text("".join(lines))


main()
