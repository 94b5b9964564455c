"""The operators' scripts against containers: deployed again, given other certificates, saved, lost and brought back. Last, as
the volumes are removed."""

import os
import pathlib
import shutil
import subprocess

import engine
import pytest
from support import rest, served, uploads, wait, xmpp_client

VARIABLES = {"ejabberd": "XMPP_PORT_TLS", "kamailio": "SIP_PORT_TLS", "coturn": "TURN_PORT_TLS"}
PORTS = {service: int(os.environ[name]) for service, name in VARIABLES.items()}
PICTURE = os.urandom(50_000)
SCRIPT_SECONDS = 500


def script(name, *arguments, **variables):
    """One of scripts/, as an operator of this project runs it."""
    own = {"VEIL_ENV_FILE": os.environ["COMPOSE_ENV_FILES"]}
    done = subprocess.run(
        [engine.ROOT / "scripts" / name, *map(str, arguments)],
        env=os.environ | own | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SCRIPT_SECONDS,
        check=False,
    )
    return done


def demand(name, *arguments, **variables):
    done = script(name, *arguments, **variables)
    assert done.returncode == 0, f"{name}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def started():
    """When each container was started; a restart or another container shows."""
    found = {service: engine.inspect(engine.container(service)) for service in engine.SERVICES}
    return {service: (one["Id"], one["State"]["StartedAt"]) for service, one in found.items()}


def public_certificate(folder):
    """What certbot would have got, from an authority of this test."""
    live = folder / "live/veil"
    live.mkdir(parents=True)
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90"
    root = f"{make} -subj /CN=root -keyout {folder}/root.key -out {folder}/root.pem"
    leaf = (
        f"{make} -subj /CN=leaf -CA {folder}/root.pem -CAkey {folder}/root.key -addext basicConstraints=critical,CA:FALSE"
        f" -addext subjectAltName=DNS:example.com,DNS:upload.example.com -keyout {live}/privkey.pem -out {live}/fullchain.pem"
    )
    for command in (root, leaf):
        subprocess.run(command.split(), check=True, capture_output=True)
    return (live / "fullchain.pem").read_text()


def test_a_second_deployment_changes_nothing():
    given = ("--non-interactive", "--domain", "example.com", "--ip", "127.0.0.1")
    demand("deploy.sh", *given)
    before = started()
    said = demand("deploy.sh", *given)
    assert "nothing had to change" in said
    assert started() == before


def test_a_renewed_certificate_reaches_every_service_without_a_restart(api, account, tmp_path):
    before = started()
    certificate = public_certificate(tmp_path)
    with xmpp_client.Session(account.username, account.password) as session:
        own = {"VEIL_LETSENCRYPT": str(tmp_path), "VEIL_CERTS": str(tmp_path / "certs")}
        demand("setup-certs.sh", "--renewed", **own)
        for service, port in PORTS.items():
            wait.until(lambda port=port: served.certificate(port) == certificate, 10, f"{service} shows the new certificate")
        assert session.contacts() == [], "the session from before goes on"
    assert started() == before
    assert rest.login(api, account.username, account.password).status == 200, "the admin API is still trusted"


@pytest.fixture
def ours():
    """Clients of these tests know our own authority only."""
    engine.compose("exec", "-T", "ejabberd", "sh", "-c", "rm -f /certs/server.*")
    engine.compose("restart", "ejabberd", "coturn", "kamailio")
    wait.until(engine.healthy, engine.READY_SECONDS, "all are healthy again, those included that noticed")


def test_saved_lost_and_brought_back(api, ours, tmp_path):
    account = rest.Account(api)
    with xmpp_client.Session(account.username, account.password) as session:
        session.send(account.jid, "remember this")
        wait.until(lambda: "remember this" in session.archive(), 10, "the archive has it")
        picture = uploads.put(session, "picture.jpg", PICTURE)
    demand("backup.sh", "--containers", "--to", tmp_path)
    (saved,) = tmp_path.glob("*.tar")
    refused = script("restore.sh", "--replace", saved)
    assert refused.returncode == 1 and "the stack runs" in refused.stderr
    environment = pathlib.Path(os.environ["COMPOSE_ENV_FILES"])
    before = environment.read_bytes()
    engine.compose("down", "-v")
    shutil.move(environment, tmp_path / "lost")
    demand("restore.sh", saved)
    assert environment.read_bytes() == before
    engine.up()
    assert rest.turn(api, account.token).status == 200, "a token from before"
    with xmpp_client.Session(account.username, account.password) as session:
        assert set(session.archive()) == {"remember this"}
    assert uploads.get(picture) == PICTURE
