"""The program as an operator meets it: help, version, and a configuration that is judged before anything starts."""

import pathlib
import re

import pytest

from support import api_process, stack

STRONG = "0123456789abcdef0123456789abcdef-and-more"


def environment(**changes):
    return {key: value for key, value in (stack.api_environment() | changes).items() if value is not None}


def test_help_names_every_command_and_variable():
    done = api_process.run("--help", env={})
    assert done.returncode == 0
    for word in ("serve", "migrate", "--check-config", "--env-example", "--version"):
        assert word in done.stdout
    for name in stack.api_environment():
        assert name in done.stdout or name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS")


def test_version_is_one_line():
    done = api_process.run("--version", env={})
    assert done.returncode == 0
    assert re.fullmatch(r"veil-api \d+\.\d+\.\d+\S*\n", done.stdout)


def test_the_example_file_is_the_programs_own():
    done = api_process.run("--env-example", env={})
    assert done.returncode == 0
    assert done.stdout == (stack.ROOT / ".env.example").read_text()


@pytest.mark.parametrize(
    "arguments", [("--nonsense",), ("nonsense",), ("serve", "more"), ("migrate", "more"), ("--check-config", "x")]
)
def test_a_wrong_use_is_explained(arguments):
    done = api_process.run(*arguments)
    assert done.returncode == 2
    assert "veil-api" in done.stderr
    assert done.stdout == ""


def test_a_good_configuration_is_good():
    done = api_process.run("--check-config", env=environment())
    assert done.returncode == 0, done.stderr


FAULTS = {
    "API_PORT": "70000",
    "ADMIN_PORT": "http",
    "DB_POOL_MIN": "0",
    "JWT_TTL": "-1",
    "LOG_LEVEL": "loud",
    "LOG_FORMAT": "xml",
    "ALLOW_WEAK_SECRETS": "perhaps",
    "XMPP_DOMAIN": "not a domain",
    "EJABBERD_API_URL": "http://127.0.0.1/api",
    "JWT_SECRET": "tooshort-j",
    "TURN_SECRET": "tooshort-t",
    "DB_PASSWORD": None,
    "EJABBERD_API_PASSWORD": None,
}


def test_all_faults_are_told_at_once():
    done = api_process.run("--check-config", env=environment(DB_URL=None, **FAULTS))
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    for name in FAULTS:
        assert any(name in line for line in lines), f"{name} is not named in: {done.stderr}"


def test_a_secret_is_never_shown():
    weak = environment(JWT_SECRET="tooshort-j", TURN_SECRET="tooshort-t", API_PORT="x")
    done = api_process.run("--check-config", env=weak)
    assert "tooshort" not in done.stderr + done.stdout


def test_the_server_does_not_start_with_a_fault():
    done = api_process.run("serve", env=environment(LOG_LEVEL="loud"))
    assert done.returncode == 2
    assert "LOG_LEVEL" in done.stderr
    assert "listening" not in done.stderr


@pytest.mark.parametrize("name", ["JWT_SECRET", "TURN_SECRET"])
@pytest.mark.parametrize("value", [None, "", "short", "a" * 64, "change-me-change-me-change-me-change-me", "x" * 31])
def test_weak_secrets_are_refused(name, value):
    done = api_process.run("serve", env=environment(**{name: value}))
    assert done.returncode == 2
    assert name in done.stderr
    assert "listening" not in done.stderr


def test_weak_secrets_can_be_allowed_and_are_warned_about():
    with api_process.ApiProcess(JWT_SECRET="weak-jwt-key", TURN_SECRET="weak-turn-key", ALLOW_WEAK_SECRETS="true") as api:
        warnings = [line for line in api.log().splitlines() if "warn" in line]
        assert any("JWT_SECRET" in line for line in warnings)
        assert any("TURN_SECRET" in line for line in warnings)
        assert "weak-jwt-key" not in api.log() and "weak-turn-key" not in api.log()


def test_a_missing_certificate_authority_is_a_clear_fault(tmp_path):
    missing = tmp_path / "nothing.pem"
    done = api_process.run("serve", env=environment(EJABBERD_CA_FILE=str(missing)))
    assert done.returncode in (1, 2)
    assert missing.name in done.stderr


def test_a_port_that_is_taken_is_a_clear_fault():
    with api_process.ApiProcess() as first:
        done = api_process.run("serve", env=environment(API_PORT=str(first.port)))
        assert done.returncode == 1
        assert "in use" in done.stderr.lower() and str(first.port) in done.stderr


def test_no_secret_is_in_any_process_list():
    with api_process.ApiProcess():
        shown = b"".join(_command_line(entry) for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"))
        assert b"veil-api" in shown
        for name, value in stack.secrets().items():
            assert value.encode() not in shown, f"{name} is visible"


def _command_line(entry):
    try:
        return entry.read_bytes()
    except OSError:
        return b""  # it ended meanwhile
