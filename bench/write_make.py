"""Makes the requests that bench/write.sh sends: a file each, a line each, a Bearer token, a tab and the body.

write_make.py API_PORT EJABBERD_PORT CA_FILE DEVICES LOGINS FOLDER. Registrations are of DEVICES accounts with one phone
each; their tokens are signed here, with JWT_SECRET. Logins and ejabberd's check_password are of the same LOGINS
accounts, which are registered through REST. ejabberd's own token is bought as veil-api buys it, with the account
EJABBERD_API_USER and EJABBERD_API_PASSWORD. The files hold passwords and tokens: they are for their owner alone.
"""

import asyncio
import base64
import json
import os
import secrets
import ssl
import sys
import time
import urllib.request
import uuid

import jwt
from groups_client import Client

DOMAIN = os.environ["XMPP_DOMAIN"]
AT_ONCE = 4


def signed(jid):
    now = int(time.time())
    claims = {"sub": jid, "iat": now, "exp": now + 86400, "jti": str(uuid.uuid4())}
    return jwt.encode(claims, os.environ["JWT_SECRET"], algorithm="HS256")


def registration(number):
    jid = f"user{number}@{DOMAIN}"
    device = {"device_id": "phone", "platform": "ios", "push_token": f"{number:064}", "app_id": "com.example.veil"}
    return signed(jid), {"jid": jid} | device


def ejabberd_token(port, ca_file):
    jid = f"{os.environ['EJABBERD_API_USER']}@{DOMAIN}"
    basic = base64.b64encode(f"{jid}:{os.environ['EJABBERD_API_PASSWORD']}".encode()).decode()
    request = urllib.request.Request(
        f"https://127.0.0.1:{port}/api/oauth_issue_token",
        json.dumps({"jid": jid, "ttl": 3600, "scopes": "ejabberd:admin"}).encode(),
        {"Authorization": f"Basic {basic}", "Content-Type": "application/json"},
    )
    context = ssl.create_default_context(cafile=ca_file)
    with urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)).open(
        request, timeout=20
    ) as answer:
        return json.load(answer)["token"]


async def registered(port, count):
    """Names and passwords of so many new accounts."""
    client, turns = Client(port), asyncio.Semaphore(AT_ONCE)

    async def register(number):
        credentials = {"username": f"login{number}", "password": secrets.token_hex(16)}
        async with turns:
            status, answer = await client.request("POST", "account/register", body=credentials)
        if status != 201:
            raise SystemExit(f"register: {status} {answer}")
        return credentials

    return await asyncio.gather(*(register(number) for number in range(count)))


def write(folder, name, requests):
    with open(os.path.join(folder, name), "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.writelines(f"{token}\t{json.dumps(body)}\n" for token, body in requests)


def main():
    port, ejabberd_port, ca_file, devices, logins, folder = sys.argv[1:]
    accounts = asyncio.run(registered(int(port), int(logins)))
    bearer = ejabberd_token(ejabberd_port, ca_file)
    write(folder, "devices", map(registration, range(int(devices))))
    write(folder, "logins", (("", account) for account in accounts))
    checks = ({"user": a["username"], "host": DOMAIN, "password": a["password"]} for a in accounts)
    write(folder, "checks", ((bearer, check) for check in checks))


main()
