"""What the compose file promises before anything runs: ports, variables, secrets."""

import os
import re

import engine
import pytest
import yaml

EVERYWHERE = "0.0.0.0"
README_ROW = re.compile(r"\| ([^|]+) \|.*\| (`[A-Z_`, ]+) \|$")
# Ports of the README's table that nobody outside may reach.
INTERNAL = {"DB_PORT", "EJABBERD_API_PORT", "RTPENGINE_NG_PORT"}
# Variables that mean nothing in a container, or that the compose file itself sets.
NOT_PASSED = {
    "API_SHARED_LISTENER": "a container has its port for itself",
    "DB_URL": "the database is a container of the project",
    "DB_PORT": "inside, as it is by default",
    "DB_NAME": "fixed, as in the native stack",
    "DB_USER": "fixed, as in the native stack",
    "DB_MIGRATION_USER": "fixed, as in the native stack",
    "EJABBERD_API_PORT": "inside, as it is by default",
    "EJABBERD_CA_FILE": "the volume with the certificates has it",
    "RTPENGINE_NG_PORT": "inside, as it is by default",
    "VEIL_STATE": "volumes",
}


def port_variables():
    """The variables in the README's table of ports."""
    rows = [README_ROW.match(line) for line in (engine.ROOT / "README.md").read_text().splitlines()]
    names = [name for row in rows if row and re.match(r"\d", row[1]) for name in re.findall(r"[A-Z_]+", row[2])]
    assert len(names) == 18, names
    return names


def defaults():
    """Every variable of .env.example with the value that is shown."""
    lines = (engine.ROOT / ".env.example").read_text().splitlines()
    return dict(re.fullmatch(r"#?([A-Z][A-Z0-9_]*)=(.*)", line).groups() for line in lines if re.match(r"#?[A-Z]", line))


def expanded(published):
    first, _, last = str(published).partition("-")
    return range(int(first), int(last or first) + 1)


@pytest.fixture(scope="module")
def default_ports():
    """{(address, port, protocol)} with the secrets alone, as on a new server."""
    unset = {name: "" for name in (*port_variables(), "BIND_ADDRESS")}
    found = set()
    for service in engine.config(**unset)["services"].values():
        for each in service.get("ports", []):
            found |= {(each["host_ip"], port, each["protocol"]) for port in expanded(each["published"])}
    return found


def test_exactly_the_ports_of_the_readme_are_published(default_ports):
    value = {name: int(text) for name, text in defaults().items() if re.fullmatch(r"\d+", text)}
    ranges = {name for name in port_variables() if name.endswith(("_MIN", "_MAX"))}
    wanted = {("127.0.0.1", value["ADMIN_PORT"], "tcp")}
    for name in set(port_variables()) - INTERNAL - ranges - {"ADMIN_PORT"}:
        wanted.add((EVERYWHERE, value[name], "tcp"))
    wanted |= {(EVERYWHERE, value[name], "udp") for name in ("SIP_PORT", "TURN_PORT")}
    for kind in ("RTP", "TURN_RELAY"):
        every = range(value[f"{kind}_PORT_MIN"], value[f"{kind}_PORT_MAX"] + 1)
        wanted |= {(EVERYWHERE, port, "udp") for port in every}
    assert default_ports == wanted


def test_the_database_is_in_the_internal_network_alone():
    whole = engine.config()
    assert list(whole["services"]["db"]["networks"]) == ["internal"]
    assert whole["networks"]["internal"]["internal"] is True
    assert "ports" not in whole["services"]["db"]


def test_every_variable_reaches_the_service_that_reads_it():
    services = yaml.safe_load((engine.ROOT / "docker-compose.yml").read_text())["services"]
    passed = {name for service in services.values() for name in service.get("environment", {})}
    files = {name for name in defaults() if name.endswith("_FILE") and name.removesuffix("_FILE") in defaults()}
    assert set(defaults()) - passed - files == set(NOT_PASSED)  # what is in .env needs no file of its own


@pytest.mark.parametrize("name", [name for name, value in defaults().items() if name.endswith(("PASSWORD", "SECRET"))])
def test_a_missing_secret_is_named(name):
    done = engine.compose("config", "-q", env={name: ""}, check=False)
    assert done.returncode != 0
    assert f"required variable {name} is missing" in done.stderr, done.stderr


def test_the_api_image_is_small():
    size = engine.inspect(engine.config()["services"]["api"]["image"])["Size"]
    assert size <= 120_000_000, f"{size / 1e6:.0f} MB"


def test_nothing_is_built_with_a_secret():
    """Neither in an image's environment nor in its history."""
    secrets = [value for name, value in os.environ.items() if name.endswith(("_PASSWORD", "_SECRET")) and len(value) >= 16]
    for service in engine.config()["services"].values():
        said = engine.docker("history", "--no-trunc", service["image"]) + str(engine.inspect(service["image"])["Config"])
        assert not [secret for secret in secrets if secret in said], service["image"]
