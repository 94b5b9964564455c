"""How the containers run: without privileges, within limits, and none beyond those six."""

import engine
import pytest


def status_of(one):
    """The fields of /proc/1/status: what the container's first process may do."""
    text = engine.docker("exec", one, "cat", "/proc/1/status")
    return {key: value.split() for key, _, value in (line.partition(":") for line in text.splitlines())}


def test_six_services_run_and_are_healthy():
    states = {service: engine.inspect(engine.container(service))["State"] for service in engine.SERVICES}
    assert {service: state["Health"]["Status"] for service, state in states.items()} == dict.fromkeys(states, "healthy")
    assert sorted(engine.compose("ps", "--services").split()) == sorted(engine.SERVICES)


@pytest.mark.parametrize("service", engine.SERVICES)
class TestService:
    def test_has_no_privileges(self, service):
        status = status_of(engine.container(service))
        assert status["Uid"] == ["10001"] * 4
        assert {name: int(status[name][0], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {
            "CapPrm": 0,
            "CapEff": 0,
            "CapBnd": 0,
            "CapAmb": 0,
        }
        assert status["NoNewPrivs"] == ["1"]

    def test_cannot_change_its_own_image(self, service):
        host = engine.inspect(engine.container(service))["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        done = engine.docker("exec", engine.container(service), "touch", "/opt/veil/new", check=False)
        assert done.returncode != 0 and "Read-only file system" in done.stderr

    def test_has_a_limit_of_memory(self, service):
        assert engine.inspect(engine.container(service))["HostConfig"]["Memory"] > 0

    def test_shows_no_secret_in_its_processes(self, service):
        words = engine.docker("top", engine.container(service), "-eo", "pid,args")
        environment = engine.inspect(engine.container(service))["Config"]["Env"]
        secrets = [line.partition("=")[2] for line in environment if "_PASSWORD=" in line or "_SECRET=" in line]
        assert not [secret for secret in secrets if secret in words]


def test_keys_are_readable_by_their_owner_alone():
    found = engine.compose("exec", "-T", "coturn", "find", "/certs", "-name", "*.key", "-printf", "%f %m %U\n")
    assert sorted(found.splitlines()) == [f"{name}.key 600 10001" for name in ("ca", "internal", "server")]


def test_every_program_that_is_started_is_there():
    assert not [line for line in engine.logs().splitlines() if "command not found" in line]
