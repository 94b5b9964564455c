"""Passwords and authorities for PostgreSQL and ejabberd are replaced under a running server; what does not work is refused
before it is used."""

import pathlib
import shutil
import subprocess

import pytest

from support import api_process, raw_http, rest, secrets, stack, wait
from support.own_database import OwnDatabase
from support.secret_files import SecretFiles, new_secret

RECOVERY_SECONDS = 30


@pytest.fixture(scope="module")
def own_database():
    with OwnDatabase() as own:
        yield own


def works(api, account):
    return rest.login(api, account.username, account.password).status == 200


def test_new_connections_to_the_database_are_made_with_the_new_password(own_database, tmp_path):
    files = SecretFiles(tmp_path, DB_PASSWORD=own_database.password)
    with api_process.ApiProcess(**own_database.env() | files.env()) as api:
        account, after = rest.Account(api), new_secret()
        files.put("DB_PASSWORD", after)
        said = api.reload()
        assert "reload: DB_PASSWORD is refused, the one before stays" in said, "the role does not have it yet"
        assert "password authentication failed" in said
        assert works(api, account)
        own_database.set_password(after)
        assert works(api, account), "connections that are open stay"
        said = api.reload()
        assert "reload: DB_PASSWORD is another one now" in said, said
        begin = len(api.log())
        own_database.restart()
        wait.until(lambda: works(api, account), RECOVERY_SECONDS, "connections with the new password")
        wait.until(
            lambda: raw_http.request(api.port, "GET", "/readyz").status == 200, RECOVERY_SECONDS, "the server is ready"
        )
        assert "password authentication failed" not in api.log()[begin:]
    own_database.set_password(new_secret())  # nobody else is to depend on it


def test_revocations_are_heard_with_the_new_password(own_database, tmp_path):
    """The listener has a connection of its own."""
    files = SecretFiles(tmp_path, DB_PASSWORD=own_database.password)
    env = own_database.env() | files.env()
    with api_process.ApiProcess(**env) as api, api_process.ApiProcess(**env) as other:
        account, after = rest.Account(api), new_secret()
        own_database.set_password(after)
        files.put("DB_PASSWORD", after)
        for process in (api, other):
            assert "reload: DB_PASSWORD is another one now" in process.reload()
        own_database.restart()
        wait.until(lambda: works(api, account) and works(other, account), RECOVERY_SECONDS, "connections with the new password")
        token = rest.login(api, account.username, account.password).json()["token"]
        assert rest.turn(api, token).status == 200
        assert rest.logout(other, token).status == 200
        wait.until(lambda: rest.turn(api, token).status == 401, RECOVERY_SECONDS, "the revocation is heard")


def test_a_password_that_ejabberd_does_not_take_is_refused(tmp_path):
    right = stack.secrets()["EJABBERD_API_PASSWORD"]
    files = SecretFiles(tmp_path, EJABBERD_API_PASSWORD=right)
    with api_process.ApiProcess(**files.env()) as api:
        account = rest.Account(api)
        files.put("EJABBERD_API_PASSWORD", new_secret())
        said = api.reload()
        assert "reload: EJABBERD_API_PASSWORD is refused, the one before stays: ejabberd does not take it" in said
        assert works(api, account)
        files.put("EJABBERD_API_PASSWORD", right)
        assert "0 replaced, 0 refused" in api.reload()


def other_authority(folder):
    """Of nobody here."""
    made = folder / "other.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1", "-subj", "/CN=other"]
    subprocess.run([*command, "-keyout", folder / "other.key", "-out", made], check=True, capture_output=True, timeout=60)
    return made


def test_another_authority_for_ejabberd_holds_for_new_connections(tmp_path):
    in_use = tmp_path / "ca.pem"
    shutil.copy(other_authority(tmp_path), in_use)
    with api_process.ApiProcess(EJABBERD_CA_FILE=str(in_use)) as api:
        name, password = rest.new_name(), secrets.password()
        assert rest.register(api, name, password).status == 502, "its certificate is not of this authority"
        in_use.write_text("no certificate at all")
        assert "reload: EJABBERD_CA_FILE is refused, the one before stays" in api.reload()
        shutil.copy(pathlib.Path(stack.ca_file()), in_use)
        assert "reload: EJABBERD_CA_FILE is another one now" in api.reload()
        assert rest.register(api, name, password).status == 201
        in_use.write_text("")
        assert "reload: EJABBERD_CA_FILE is refused" in api.reload()
        assert rest.login(api, name, password).status == 200
