"""A stack is saved while it serves, lost with everything, and brought back: nobody notices but for what came later."""

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import threading

import pytest

from support import own_stack, rest, secrets, stack, uploads, wait, xmpp_client
from support.fake_docker import FakeDocker

PICTURE = os.urandom(100_000)
BUSY = (502, 503)  # where the backup holds the tables for longer than a registration may wait
SETTLE_SECONDS = 30  # what an unfinished registration takes until it is undone, with time to spare


class Registrations:
    """Accounts are made one after the other, at least one before the block and one after it."""

    def __init__(self, api):
        self.accounts = []
        self._api = api
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._over.is_set():
            try:
                self.accounts.append(rest.Account(self._api, "crowd"))
            except AssertionError as failure:
                (answer,) = failure.args
                if answer.status not in BUSY:
                    raise

    def _wait_for_more(self):
        count = len(self.accounts)
        # The first one may have begun before.
        wait.until(lambda: len(self.accounts) > count + 1 or not self._thread.is_alive(), 20, "another registration")

    def __enter__(self):
        self._thread.start()
        self._wait_for_more()
        return self

    def __exit__(self, *_):
        self._wait_for_more()
        self._over.set()
        self._thread.join(30)


SESSIONS = """
source scripts/lib/common.sh
source scripts/lib/snapshot.sh
WORK=$1
database_tool() {
    local line
    echo "open ${*: -1}" >>"$WORK/log"
    while IFS= read -r line; do
        case $line in
            *.done) echo .done ;;
            *) echo "$line" >>"$WORK/log"; [[ $line != *pg_export_snapshot* ]] || echo 00000003-1 ;;
        esac
    done
}
take_snapshots
for name in veil ejabberd; do close_session "$name"; done
"""


def test_no_session_is_opened_while_changes_wait(tmp_path):
    """As that takes a second in a container, and a change waits for three at most."""
    subprocess.run(["bash", "-c", SESSIONS, "bash", tmp_path], cwd=stack.ROOT, check=True, timeout=30)
    log = (tmp_path / "log").read_text().splitlines()
    locked = next(number for number, line in enumerate(log) if line.startswith("LOCK TABLE"))
    assert log[locked + 1 :] == ["SELECT pg_export_snapshot();", "SELECT pg_export_snapshot();", "COMMIT;"]
    assert sorted(line for line in log[:locked] if line.startswith("open")) == ["open ejabberd", "open veil", "open veil"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    made = own_stack.OwnStack(tmp_path_factory.mktemp("backup"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.ports.items():  # where the clients of these tests look
            patch.setenv(name, value)
        patch.setenv("EJABBERD_CA_FILE", str(made.certificates / "ca.pem"))
        yield made
        made.demand("down.sh", "--wipe")


class Saved:
    """Two people who wrote to each other and shared a picture, and a backup made while others registered."""

    def __init__(self, own):
        self.folder = own.env_file.parent
        self.passphrase = self.folder / "passphrase"
        self.passphrase.write_text(secrets.password() + "\n")
        self.passphrase.chmod(0o600)
        with own.api() as api:
            self.alice, self.bob = rest.Account(api, "alice"), rest.Account(api, "bob")
            session = xmpp_client.Session(self.alice.username, self.alice.password)
            session.send(self.bob.jid, "remember this")
            wait.until(lambda: session.archive() == ["remember this"], 10, "the message is in the archive")
            self.picture = uploads.put(session, "picture.jpg", PICTURE)
            session.close()
            with Registrations(api) as crowd:
                self.output = own.demand("backup.sh", "--to", self.folder, "--passphrase-file", self.passphrase)
            self.crowd = crowd.accounts
        (self.file,) = self.folder.glob("*.tar.enc")

    def restore(self, own, *arguments, file=None, **variables):
        return own.script("restore.sh", "--passphrase-file", self.passphrase, *arguments, file or self.file, **variables)


@pytest.fixture(scope="module")
def saved(own):
    own.demand("up.sh", "db", "ejabberd")
    own.migrate()
    return Saved(own)


def test_the_file_is_whole_and_its_owners_alone(own, saved):
    digest, name = saved.file.with_name(saved.file.name + ".sha256").read_text().split()
    assert name == saved.file.name
    assert digest == hashlib.sha256(saved.file.read_bytes()).hexdigest()
    assert stat.S_IMODE(saved.file.stat().st_mode) == 0o600
    assert [path.name for path in saved.folder.glob(".veil-backup*")] == []
    checked = saved.restore(own, "--check")
    assert checked.returncode == 0, checked.stderr
    assert "example.com" in checked.stdout


def left_behind(folder, name):
    """What a run that was killed leaves: a folder with everything in the clear."""
    made = folder / f"{name}.abcdef"
    made.mkdir()
    (made / "env").write_text("JWT_SECRET=in the clear\n")
    return made


@pytest.mark.parametrize("lives", (True, False), ids=("of a run that lives", "of one that was killed"))
def test_what_is_in_the_clear_goes_with_the_run(own, saved, tmp_path, lives):
    folders = [left_behind(tmp_path, ".veil-backup"), left_behind(tmp_path, "veil-restore")]
    locks = [os.open(folder, os.O_RDONLY) for folder in folders]
    for lock in locks if lives else ():
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        own.demand("backup.sh", "--to", tmp_path)
        saved.restore(own, "--check", TMPDIR=str(tmp_path))
    finally:
        for lock in locks:
            os.close(lock)
    assert [folder.exists() for folder in folders] == [lives, lives]
    assert len([*tmp_path.glob(".veil-backup*"), *tmp_path.glob("veil-restore*")]) == 2 * lives


def test_nothing_secret_is_in_the_file_or_said(own, saved):
    content = saved.file.read_bytes()
    for value in [*own.values().values(), saved.alice.jid, saved.passphrase.read_text().strip()]:
        assert len(value) < 12 or value.encode() not in content
    assert secrets.leaked_in(saved.output) == []


def test_a_running_stack_is_refused_and_goes_on(own, saved):
    done = saved.restore(own, "--replace")
    assert done.returncode == 1
    assert "the stack runs (db ejabberd)" in done.stderr
    with own.api() as api:
        assert rest.login(api, saved.alice.username, saved.alice.password).status == 200


def damaged(saved, kind, folder):
    copy = folder / saved.file.name
    content = bytearray(saved.file.read_bytes())
    if kind == "one bit":
        content[len(content) // 2] ^= 1
    elif kind == "cut off":
        del content[-1000:]
    elif kind == "another file":
        content = bytearray(b"no backup at all")
    copy.write_bytes(content)
    return copy


@pytest.mark.parametrize("with_sum", (True, False), ids=("with its sum", "without"))
@pytest.mark.parametrize("kind", ("one bit", "cut off", "another file"))
def test_a_damaged_file_changes_nothing(own, saved, tmp_path, kind, with_sum):
    copy = damaged(saved, kind, tmp_path)
    if with_sum:
        shutil.copy(f"{saved.file}.sha256", f"{copy}.sha256")
    before = own.env_file.stat().st_mtime_ns
    done = saved.restore(own, "--replace", file=copy)
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert own.env_file.stat().st_mtime_ns == before


@pytest.mark.parametrize("passphrase", ("", "not the passphrase\n"), ids=("none", "another one"))
def test_without_the_passphrase_nothing_is_read(own, saved, tmp_path, passphrase):
    file = tmp_path / "passphrase"
    file.write_text(passphrase)
    file.chmod(0o600)
    done = own.script("restore.sh", *(["--passphrase-file", file] if passphrase else []), saved.file)
    assert done.returncode == 1
    assert "passphrase" in done.stderr


class Containers:
    """A stack in containers that is stopped, with an account's file and a certificate; docker is a stand-in."""

    def __init__(self, folder):
        self.docker = FakeDocker(folder / "docker")
        self.env_file = folder / "env"
        self.env_file.write_text("XMPP_DOMAIN=before.example.org\n")
        for path in ("uploads/before/picture.jpg", "certs/server.pem"):
            (self.docker.volumes / path).parent.mkdir(parents=True)
            (self.docker.volumes / path).write_text("before")
        self.environment = self.docker.environment | {"VEIL_ENV_FILE": str(self.env_file)}

    def files(self):
        volumes = {path: path.read_bytes() for path in self.docker.volumes.rglob("*") if path.is_file()}
        return volumes | {self.env_file: self.env_file.read_bytes()}

    def folders(self):
        return {path.relative_to(self.docker.volumes).as_posix() for path in self.docker.volumes.rglob("*") if path.is_dir()}


@pytest.fixture
def containers(tmp_path):
    return Containers(tmp_path)


def test_containers_take_it_in_place_of_everything(own, saved, containers):
    done = saved.restore(own, "--containers", **containers.environment)
    assert done.returncode == 0, done.stderr
    found = {path.name: content for path, content in containers.files().items()}
    assert found["picture.jpg"] == PICTURE
    assert found["server.pem"] == (own.certificates / "server.pem").read_bytes()
    assert found["env"] == own.env_file.read_bytes()
    assert not {"certs/.restore", "certs/.before", "uploads/.restore", "uploads/.before", "uploads/before"} & containers.folders()


def test_a_full_disk_loses_nothing_of_what_containers_have(own, saved, containers):
    before = containers.files(), containers.folders()
    containers.docker.disk_is_full()
    done = saved.restore(own, "--containers", **containers.environment)
    assert done.returncode == 1
    assert "could not be unpacked" in done.stderr
    assert (containers.files(), containers.folders()) == before


@pytest.mark.parametrize(("running", "code"), ((["prometheus", "lb"], 0), (["ejabberd", "prometheus"], 1)), ids=("no", "yes"))
def test_only_containers_that_hold_what_is_restored_are_in_the_way(own, saved, containers, running, code):
    containers.docker.also_runs(*running)
    done = saved.restore(own, "--containers", **containers.environment)
    assert done.returncode == code, done.stderr
    assert code == 0 or "the stack runs (ejabberd): stop it first, with docker compose --profile '*' down\n" in done.stderr


def lose_everything(own):
    own.demand("down.sh", "--wipe")
    own.env_file.unlink()
    shutil.rmtree(own.certificates)


def files_of(own):
    paths = [own.env_file, *sorted(own.certificates.iterdir())]
    return {path.name: (stat.S_IMODE(path.stat().st_mode), path.read_bytes()) for path in paths}


def whole_or_absent(api, account):
    """Whether the account is there. One that is not can be made, so no half of it is left in ejabberd."""
    answer = rest.login(api, account.username, account.password)
    assert answer.status in (200, 401), answer
    if answer.status == 200:
        return True
    wait.until(
        lambda: rest.register(api, account.username, account.password).status == 201,
        SETTLE_SECONDS,
        f"{account.username} can be registered",
    )
    return False


def test_everything_comes_back(own, saved):
    before = files_of(own)
    lose_everything(own)
    done = saved.restore(own)
    assert done.returncode == 0, done.stderr
    assert files_of(own) == before
    own.demand("up.sh", "db", "ejabberd")
    with own.api() as api:
        assert rest.login(api, saved.alice.username, saved.alice.password).status == 200
        assert rest.turn(api, saved.bob.token).status == 200, "a token from before"
        session = xmpp_client.Session(saved.alice.username, saved.alice.password)
        assert session.archive() == ["remember this"]
        session.close()
        assert uploads.get(saved.picture) == PICTURE
        found = [whole_or_absent(api, account) for account in saved.crowd]
        assert found == sorted(found, reverse=True), "what was made first is there, what came later is not"
        assert found[0] and not found[-1], found


def test_accounts_that_are_there_are_not_given_up_unasked(own, saved):
    own.demand("down.sh")
    before = files_of(own)
    done = saved.restore(own)
    assert done.returncode == 1
    assert "--replace" in done.stderr
    assert files_of(own) == before
