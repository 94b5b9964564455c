"""The peer veil-api is measured against: some of its routes and JSON as an ordinary FastAPI service.

One uvicorn worker on uvloop and httptools, Pydantic models, tokens checked by PyJWT, no access log. Everything is async,
so no request waits for a thread. Configured by veil-api's variables and BENCH_PORT; with DB_PASSWORD it registers
devices too, through asyncpg. `fastapi_peer.py token` prints a token instead of serving.
"""

import base64
import hashlib
import hmac
import os
import sys
import time
import uuid

import jwt
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, constr

env = os.environ
JWT_SECRET = env["JWT_SECRET"]
TURN_SECRET = env["TURN_SECRET"].encode()
TURN_TTL = int(env["TURN_TTL"])
TURN_UDP = f"{env['TURN_DOMAIN']}:{env['TURN_PORT']}"
TURN_TLS = f"{env['TURN_DOMAIN']}:{env['TURN_PORT_TLS']}"
TURN_URIS = [f"turn:{TURN_UDP}?transport=udp", f"turn:{TURN_UDP}?transport=tcp", f"turns:{TURN_TLS}?transport=tcp"]


class ServerInfo(BaseModel):
    xmpp_domain: str
    xmpp_host: str
    xmpp_port_tls: int
    xmpp_port_starttls: int
    xmpp_ws_url: str
    sip_domain: str
    sip_port_tls: int
    turn_server: str
    turn_server_tls: str
    http_upload_host: str
    server_version: str
    min_client_version: str


class TurnCredentials(BaseModel):
    username: str
    password: str
    ttl: int
    uris: list[str]


class Registration(BaseModel):
    jid: str
    device_id: constr(min_length=1, max_length=255)
    platform: constr(regex="^(ios|android)$")
    push_token: constr(min_length=1, max_length=4096)
    app_id: constr(min_length=1, max_length=255)


class Status(BaseModel):
    status: str


INFO = ServerInfo(
    xmpp_domain=env["XMPP_DOMAIN"],
    xmpp_host=env["XMPP_HOST"],
    xmpp_port_tls=env["XMPP_PORT_TLS"],
    xmpp_port_starttls=env["XMPP_PORT_STARTTLS"],
    xmpp_ws_url=env.get("XMPP_WS_URL") or f"wss://{env['XMPP_HOST']}:{env['XMPP_PORT_WS']}/ws",
    sip_domain=env["SIP_DOMAIN"],
    sip_port_tls=env["SIP_PORT_TLS"],
    turn_server=TURN_UDP,
    turn_server_tls=TURN_TLS,
    http_upload_host=env["HTTP_UPLOAD_DOMAIN"],
    server_version=env["SERVER_VERSION"],
    min_client_version=env["MIN_CLIENT_VERSION"],
)

UPSERT = """
INSERT INTO push_registrations (jid, device_id, platform, push_token, token_digest, app_id, registered_at)
VALUES ($1, $2, $3, $4, sha256($4::text::bytea), $5, now())
ON CONFLICT (jid, device_id) DO UPDATE SET platform = excluded.platform, push_token = excluded.push_token,
    token_digest = excluded.token_digest, app_id = excluded.app_id, registered_at = excluded.registered_at"""

bearer = HTTPBearer(auto_error=False)
router = APIRouter(prefix="/api/v1")


def refuse(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})


async def caller(credentials: HTTPAuthorizationCredentials | None = Depends(bearer)) -> str:
    if credentials is None:
        raise refuse("Not authenticated")
    try:
        claims = jwt.decode(credentials.credentials, JWT_SECRET, algorithms=["HS256"], options={"require": ["exp", "sub"]})
    except jwt.ExpiredSignatureError:
        raise refuse("Token has expired") from None
    except jwt.InvalidTokenError:
        raise refuse("Invalid token") from None
    return claims["sub"]


@router.get("/server/info", response_model=ServerInfo)
async def server_info():
    return INFO


@router.get("/turn/credentials", response_model=TurnCredentials)
async def turn_credentials(jid: str = Depends(caller)):
    username = f"{int(time.time()) + TURN_TTL}:{jid.partition('@')[0]}"
    password = base64.b64encode(hmac.new(TURN_SECRET, username.encode(), hashlib.sha1).digest()).decode()
    return TurnCredentials(username=username, password=password, ttl=TURN_TTL, uris=TURN_URIS)


async def register_device(request: Request, wanted: Registration, jid: str = Depends(caller)):
    if wanted.jid != jid:
        raise HTTPException(403, "Token JID does not match request JID")
    async with request.app.state.pool.acquire() as connection:
        await connection.execute(UPSERT, jid, wanted.device_id, wanted.platform, wanted.push_token, wanted.app_id)
    return Status(status="registered")


def add_writes(app: FastAPI):
    """Of what bench/write.sh measures; other benches do without asyncpg."""
    import asyncpg

    @app.on_event("startup")
    async def connect():
        where = {"host": env["DB_HOST"], "port": env["DB_PORT"], "database": env["DB_NAME"], "user": env["DB_USER"]}
        app.state.pool = await asyncpg.create_pool(**where, password=env["DB_PASSWORD"], min_size=10, max_size=10)

    router.post("/push/register", response_model=Status)(register_device)


def token(user: str) -> str:
    now = int(time.time())
    claims = {"sub": f"{user}@{env['XMPP_DOMAIN']}", "iat": now, "exp": now + 86400, "jti": str(uuid.uuid4())}
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


if __name__ == "__main__":
    if sys.argv[1:] == ["token"]:
        print(token("bench"))
    else:
        app = FastAPI()
        if "DB_PASSWORD" in env:
            add_writes(app)
        app.include_router(router)
        uvicorn.run(app, host="127.0.0.1", port=int(env["BENCH_PORT"]), loop="uvloop", http="httptools",
                    access_log=False, log_level="warning")
