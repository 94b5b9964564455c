"""scripts/deploy.sh: what it checks, what it writes, and that a second run changes nothing. Docker is a stand-in here."""

import socket
import stat
import subprocess

import pytest

from support import own_stack, ports
from support.fake_docker import SERVICES, FakeDocker

GIVEN = ("--non-interactive", "--domain", "chat.example.org", "--ip", "198.51.100.7")


@pytest.fixture
def own(tmp_path):
    made = own_stack.OwnStack(tmp_path)
    # As the ports of a server that runs already are not to be in the way.
    names = "API_PORT ADMIN_PORT SIP_PORT SIP_PORT_TLS SIP_PORT_WSS TURN_PORT TURN_PORT_TLS".split()
    made.environment |= dict(zip(names, map(str, ports.free(len(names)))))
    made.environment |= {"RTP_PORT_MIN": "17000", "RTP_PORT_MAX": "17007"}
    made.environment |= {"TURN_RELAY_PORT_MIN": "17010", "TURN_RELAY_PORT_MAX": "17011"}
    return made


@pytest.fixture
def docker(own, tmp_path):
    made = FakeDocker(tmp_path / "docker")
    own.environment |= made.environment
    return made


@pytest.mark.parametrize("name", ("deploy.sh", "backup.sh", "restore.sh", "setup-certs.sh"))
def test_help_is_there_without_doing_anything(own, name):
    said = own.demand(name, "--help")
    assert said.startswith(f"Usage: scripts/{name}")
    assert not own.env_file.exists()


@pytest.mark.parametrize(
    "arguments",
    (
        ["--nonsense"],
        ["--domain"],
        ["--domain", "no domain"],
        ["--ip", "here"],
        ["--staging"],
        ["--non-interactive", "--ip", "198.51.100.7"],
    ),
    ids=" ".join,
)
def test_a_wrong_use_is_explained(own, docker, arguments):
    done = own.script("deploy.sh", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert docker.changes() == []
    assert not own.env_file.exists()


def test_a_dry_run_changes_nothing(own, docker):
    said = own.demand("deploy.sh", *GIVEN, "--dry-run")
    for word in ("system", "processors", "memory", "disk", "docker", "ports", "chat.example.org"):
        assert word in said
    assert "nothing was changed" in said
    assert docker.changes() == []
    assert not own.env_file.exists()


def test_a_taken_port_is_named_before_anything_is_done(own, docker):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = own.script("deploy.sh", *GIVEN, SIP_PORT_TLS=str(port))
    assert done.returncode == 1
    assert f"SIP_PORT_TLS={port}" in done.stdout
    assert docker.changes() == []
    assert not own.env_file.exists()


def test_the_configuration_has_its_names_and_strong_secrets(own, docker):
    own.demand("deploy.sh", *GIVEN, "--host", "srv.example.org")
    values = own.values()
    assert values["XMPP_DOMAIN"] == values["SIP_DOMAIN"] == "chat.example.org"
    assert values["XMPP_HOST"] == values["TURN_DOMAIN"] == values["HTTP_UPLOAD_DOMAIN"] == "srv.example.org"
    assert values["SERVER_IP"] == "198.51.100.7"
    found = [values[name] for name in own_stack.SECRETS]
    assert all(len(secret) >= 32 for secret in found) and len(set(found)) == len(found)
    assert stat.S_IMODE(own.env_file.stat().st_mode) == 0o600
    assert not [call for call in docker.calls() for secret in found if secret in call]


def test_a_second_run_changes_nothing(own, docker):
    first = own.demand("deploy.sh", *GIVEN)
    assert "nothing had to change" not in first
    before = own.env_file.read_bytes(), own.env_file.stat().st_mtime_ns
    second = own.demand("deploy.sh", "--non-interactive")
    assert "nothing had to change" in second
    assert (own.env_file.read_bytes(), own.env_file.stat().st_mtime_ns) == before


def test_only_what_is_missing_is_filled_in(own, docker):
    own.demand("deploy.sh", *GIVEN)
    lines = own.env_file.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("JWT_SECRET=")]
    own.env_file.write_text("\n".join([*kept, "JWT_SECRET=", "# mine"]) + "\n")
    said = own.demand("deploy.sh", "--non-interactive")
    assert f"wrote to {own.env_file}: JWT_SECRET\n" in said
    after = own.env_file.read_text().splitlines()
    assert [line for line in after if not line.startswith("JWT_SECRET=")] == [*kept, "# mine"]
    assert len(own.values()["JWT_SECRET"]) == 64


def test_what_the_configuration_does_not_name_is_not_forgotten(own, docker):
    own.demand("deploy.sh", *GIVEN)
    docker.also_runs("lb")
    before = docker.changes()
    done = own.script("deploy.sh", "--non-interactive")
    assert done.returncode == 1
    assert "does not name them: lb\n" in done.stderr and "COMPOSE_PROFILES" in done.stderr
    assert docker.changes() == before


SET_TWICE = "COMPOSE_PROFILES=monitoring\nCOMPOSE_PROFILES=lb\n"
IN_FILES = "JWT_SECRET_FILE=/run/jwt\nTURN_SECRET_PREVIOUS_FILE='/run/turn'\nDB_PASSWORD_FILE=\nPUSH_CA_FILE=/etc/ca.pem\n"


@pytest.mark.parametrize(
    ("lines", "words"),
    (
        (SET_TWICE, "more than once: COMPOSE_PROFILES\n"),
        (IN_FILES, "from files: JWT_SECRET_FILE TURN_SECRET_PREVIOUS_FILE in "),
    ),
    ids=("a name that is set twice", "secrets in files"),
)
def test_what_containers_would_not_be_given_is_refused_by_its_name(own, docker, lines, words):
    own.demand("deploy.sh", *GIVEN)
    with own.env_file.open("a") as file:
        file.write(lines)
    before = own.env_file.read_bytes(), docker.changes()
    done = own.script("deploy.sh", "--non-interactive")
    assert done.returncode == 1
    assert words in done.stderr
    assert (own.env_file.read_bytes(), docker.changes()) == before


def put_public_certificate(own, domain):
    own.certificates.mkdir()
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=public"
    files = f"-addext subjectAltName=DNS:{domain} -keyout server.key -out server.pem"
    subprocess.run(f"{make} {files}".split(), cwd=own.certificates, check=True, capture_output=True)


def test_a_public_certificate_is_there_before_ejabberd_starts(own, docker):
    put_public_certificate(own, "chat.example.org")
    own.demand("deploy.sh", *GIVEN)
    given = docker.volumes / "certs/server.pem"
    assert given.read_bytes() == (own.certificates / "server.pem").read_bytes()
    kinds = [kind for call in docker.changes() for kind in ("build", "run", "up") if f" {kind} " in f"{call} "]
    assert kinds == ["build", "run", "up"]


def test_a_certificate_for_other_names_is_not_put_over_a_good_one(own, docker):
    put_public_certificate(own, "other.example.org")
    own.demand("deploy.sh", *GIVEN)
    assert not docker.volumes.exists()


def test_another_domain_is_not_put_over_the_present_one(own, docker):
    own.demand("deploy.sh", *GIVEN)
    before = own.env_file.read_bytes()
    done = own.script("deploy.sh", "--non-interactive", "--domain", "other.example.org")
    assert done.returncode == 1
    assert "XMPP_DOMAIN is chat.example.org" in done.stderr
    assert own.env_file.read_bytes() == before


def test_the_report_names_every_service_and_the_ports_to_open(own, docker):
    said = own.demand("deploy.sh", *GIVEN)
    for service in SERVICES:
        assert any(line.split()[:3] == [service, "running", "healthy"] for line in said.splitlines()), said
    assert "17000-17007" in said and own.ports["XMPP_PORT_STARTTLS"] in said


@pytest.mark.parametrize(
    ("published", "asked"),
    (("198.51.100.7:8443", "198.51.100.7:8443"), ("127.0.0.1:8500", "127.0.0.1:8500"), (":::8443", "[::]:8443")),
)
def test_the_api_is_asked_where_it_is_published(own, docker, published, asked):
    docker.api_is_published_at(published)
    said = own.demand("deploy.sh", *GIVEN)
    (call,) = docker.calls("curl")
    assert call.endswith(f" http://{asked}/readyz")
    assert f"REST API      answers     ready       {asked}\n" in said


def test_a_proxy_on_this_machine_costs_neither_other_services_nor_the_clients_addresses(own, docker):
    said = own.demand("deploy.sh", *GIVEN, EDGE_PREFIX="10.9.8")
    lines = [line.strip() for line in said.splitlines()]
    assert f"API_PUBLISHED=127.0.0.1:{own.environment['API_PORT']}" in lines
    assert "TRUSTED_PROXIES=127.0.0.1,::1,10.9.8.1" in lines
    assert "BIND_ADDRESS" not in said


def test_one_service_that_is_not_well_is_a_failure(own, docker):
    docker.coturn_is("unhealthy")
    done = own.script("deploy.sh", *GIVEN)
    assert done.returncode == 1
    assert "unhealthy" in done.stdout
    assert "not every service is healthy" in done.stderr
