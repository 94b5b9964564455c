"""scripts/setup-certs.sh: certificates of our own, public ones where the names lead here, and services that take new ones."""

import os
import shutil
import stat
import subprocess

import pytest

from support import own_stack, rest, served, stack, wait, xmpp_client
from support.authority import ADDRESS, Authority
from support.fake_docker import FakeDocker

CLIENT_NAMES = {"example.com", "upload.example.com"}
HOSTS = {"muc.example.com", "pubsub.example.com"}
INTERNAL = {"localhost", "ejabberd", "ejabberd-admin", "127.0.0.1", "0:0:0:0:0:0:0:1"}
MAIL = "operator@example.com"


@pytest.fixture
def own(tmp_path):
    return own_stack.OwnStack(tmp_path)


@pytest.fixture
def authority(own, tmp_path):
    made = Authority(tmp_path / "authority")
    own.environment |= made.environment
    return made


@pytest.fixture
def docker(own, authority):
    made = FakeDocker(authority.folder)
    own.environment |= made.environment
    return made


def names_in(path):
    printed = subprocess.run(
        ["openssl", "x509", "-in", path, "-noout", "-ext", "subjectAltName"], capture_output=True, text=True, check=True
    ).stdout
    return {entry.strip().split(":", 1)[1] for entry in printed.split("\n", 1)[1].split(",")}


def signed_by(path, ca):
    return subprocess.run(["openssl", "verify", "-CAfile", ca, path], capture_output=True, check=False).returncode == 0


def contents(own):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in own.certificates.iterdir()}


def assert_ours(own):
    assert signed_by(own.certificates / "server.pem", own.certificates / "ca.pem")
    assert names_in(own.certificates / "server.pem") >= CLIENT_NAMES | HOSTS | INTERNAL


def assert_public(own, authority, root="root"):
    assert signed_by(own.certificates / "server.pem", authority.folder / f"{root}.pem")
    assert names_in(own.certificates / "server.pem") >= CLIENT_NAMES
    assert signed_by(own.certificates / "internal.pem", own.certificates / "ca.pem")


def test_our_own_have_every_name_and_keep_their_keys(own):
    own.demand("setup-certs.sh", SERVER_IP=ADDRESS)
    assert names_in(own.certificates / "server.pem") == CLIENT_NAMES | HOSTS | INTERNAL | {ADDRESS}
    assert names_in(own.certificates / "internal.pem") == INTERNAL
    for name in ("server", "internal"):
        assert signed_by(own.certificates / f"{name}.pem", own.certificates / "ca.pem")
    for key in own.certificates.glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600, key
    before = contents(own)
    assert own.demand("setup-certs.sh", SERVER_IP=ADDRESS) == ""
    assert contents(own) == before


def test_other_names_make_another_certificate_of_the_same_authority(own):
    own.demand("setup-certs.sh")
    before = contents(own)
    own.demand("setup-certs.sh", XMPP_DOMAIN="example.org")
    after = contents(own)
    assert {name for name in after if after[name] != before[name]} == {"server.pem", "server.key"}
    assert "muc.example.org" in names_in(own.certificates / "server.pem")


def test_a_public_one_where_the_names_lead_here(own, authority):
    authority.leads(*CLIENT_NAMES, "muc.example.com")
    said = own.demand("setup-certs.sh", "--email", MAIL)
    assert "until" in said
    assert_public(own, authority)
    arguments = authority.arguments()
    assert {argument for flag, argument in zip(arguments, arguments[1:]) if flag == "--domain"} == CLIENT_NAMES | {
        "muc.example.com"
    }
    assert "--agree-tos" in arguments and MAIL in arguments and "--staging" not in arguments
    assert stat.S_IMODE((own.certificates / "server.key").stat().st_mode) == 0o600
    before = contents(own)
    own.demand("setup-certs.sh", "--email", MAIL)
    own.demand("setup-certs.sh")
    assert contents(own) == before


def test_the_test_authority_and_a_web_server_in_the_way(own, authority, tmp_path):
    authority.leads(*CLIENT_NAMES)
    own.demand("setup-certs.sh", "--email", "none", "--staging", "--webroot", tmp_path)
    arguments = authority.arguments()
    assert "--staging" in arguments and "--register-unsafely-without-email" in arguments and "--email" not in arguments
    assert arguments[arguments.index("--webroot-path") + 1] == str(tmp_path)
    assert "--standalone" not in arguments
    assert_public(own, authority, "staging")


def test_a_try_does_not_come_back_when_it_is_renewed(own, authority):
    authority.leads(*CLIENT_NAMES)
    own.demand("setup-certs.sh", "--email", MAIL, "--staging")
    assert "--deploy-hook" not in authority.arguments()
    authority.forget()
    own.demand("setup-certs.sh", "--email", MAIL, "--staging")
    assert_public(own, authority, "staging")
    own.demand("setup-certs.sh", "--email", MAIL)
    assert "--deploy-hook" in authority.arguments()
    assert_public(own, authority)
    before = contents(own)
    # What certbot has kept of an older version of this script.
    assert own.script("setup-certs.sh", "--renewed", "--staging").returncode == 1
    assert contents(own) == before


def test_a_try_takes_the_place_of_nothing_that_clients_trust(own, authority):
    authority.leads(*CLIENT_NAMES)
    own.demand("setup-certs.sh", "--email", MAIL)
    before = contents(own)
    done = own.script("setup-certs.sh", "--email", MAIL, "--staging")
    assert done.returncode == 0
    assert "stays" in done.stderr
    assert contents(own) == before


@pytest.mark.parametrize(
    ("address", "words"),
    ((None, "upload.example.com has no address"), ("203.0.113.9", "upload.example.com leads to 203.0.113.9")),
    ids=("nowhere", "elsewhere"),
)
def test_a_name_that_does_not_lead_here_falls_back(own, authority, address, words):
    authority.leads("example.com")
    if address:
        authority.leads("upload.example.com", to=address)
    done = own.script("setup-certs.sh", "--email", MAIL)
    assert done.returncode == 0, done.stderr
    assert words in done.stderr
    assert authority.arguments() is None
    assert_ours(own)
    assert "ca.pem" in done.stdout


def test_one_address_of_two_that_is_elsewhere_falls_back(own, authority):
    authority.leads(*CLIENT_NAMES)
    authority.leads("example.com", to="2001:db8::1")
    done = own.script("setup-certs.sh", "--email", MAIL)
    assert done.returncode == 0
    assert "2001:db8::1" in done.stderr
    assert_ours(own)


def test_when_certbot_fails_its_words_are_shown(own, authority):
    authority.leads(*CLIENT_NAMES)
    authority.fails()
    done = own.script("setup-certs.sh", "--email", MAIL)
    assert done.returncode == 0, done.stderr
    assert "The authority is not in the mood." in done.stderr
    assert_ours(own)


def test_when_certbot_fails_later_the_public_one_stays(own, authority):
    authority.leads(*CLIENT_NAMES)
    own.demand("setup-certs.sh", "--email", MAIL)
    before = contents(own)
    authority.fails()
    own.demand("setup-certs.sh", "--email", MAIL)
    assert contents(own) == before


def test_a_renewed_one_is_taken_over(own, authority):
    authority.leads(*CLIENT_NAMES)
    own.demand("setup-certs.sh", "--email", MAIL)
    before = (own.certificates / "server.pem").read_bytes()
    authority.forget()
    own.demand("setup-certs.sh", "--email", MAIL)
    assert (own.certificates / "server.pem").read_bytes() != before
    assert_public(own, authority)


def test_a_renewed_one_reaches_containers_that_do_not_run(own, authority, docker):
    authority.leads(*CLIENT_NAMES)
    own.demand("setup-certs.sh", "--email", MAIL)
    assert not docker.volumes.exists(), "nothing is made for containers where there are none"
    own.env_file.touch()
    docker.only_volumes_are_left()
    own.demand("setup-certs.sh", "--renewed")
    for name in ("server.pem", "server.key"):
        assert (docker.volumes / "certs" / name).read_bytes() == (own.certificates / name).read_bytes()
    assert {path.name for path in (docker.volumes / "certs").iterdir()} == {"server.pem", "server.key"}
    assert docker.folders() == {str(stack.ROOT)}


def test_one_of_our_own_authority_is_not_given_to_containers_that_have_theirs(own, authority, docker):
    own.env_file.touch()
    docker.only_volumes_are_left()
    own.demand("setup-certs.sh", "--renewed")
    assert_ours(own)
    assert list((docker.volumes / "certs").iterdir()) == []


def test_where_containers_run_it_is_their_authority_that_apps_are_given(own, authority, docker):
    own.env_file.touch()
    docker.is_up()
    done = own.script("setup-certs.sh", "--email", MAIL)
    assert done.returncode == 0, done.stderr
    assert "docker compose exec -T ejabberd cat /certs/ca.pem" in done.stdout
    assert str(own.certificates / "ca.pem") not in done.stdout


def test_an_operators_own_is_kept_and_judged(own, authority):
    authority.leads(*CLIENT_NAMES)
    own.demand("setup-certs.sh", "--email", MAIL)
    authority.forget()
    before = contents(own)
    own.demand("setup-certs.sh")
    assert contents(own) == before
    done = own.script("setup-certs.sh", XMPP_DOMAIN="example.org")
    assert done.returncode == 1
    assert "is not for: example.org" in done.stderr
    assert contents(own) == before


@pytest.mark.parametrize(
    "arguments",
    (
        ["--email"],
        ["--email", "nobody"],
        ["--staging"],
        ["--renewed", "--staging"],
        ["--webroot", "/"],
        ["--nonsense"],
        ["--email", "none", "--webroot", "/no"],
    ),
    ids=" ".join,
)
def test_a_wrong_use_is_explained(own, arguments):
    done = own.script("setup-certs.sh", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert not own.certificates.exists()


@pytest.fixture
def certificates(tmp_path):
    """A copy of those that the stack has, as other stacks of this run have the same ones, which the stack gets back."""
    own = tmp_path / "certs"
    shutil.copytree(os.environ["VEIL_CERTS"], own, ignore=shutil.ignore_patterns("draft.*"))
    yield own
    renewed(os.environ["VEIL_CERTS"], tmp_path / "nothing")


def renewed(certificates, letsencrypt):
    """Says what setup-certs.sh says when it has certificates to take over."""
    done = subprocess.run(
        [stack.ROOT / "scripts/setup-certs.sh", "--renewed"],
        env=os.environ | {"VEIL_CERTS": str(certificates), "VEIL_LETSENCRYPT": str(letsencrypt)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_another(certificates, letsencrypt):
    (certificates / "server.pem").unlink()


def get_a_public_one(certificates, letsencrypt):
    """It does not last as long as the one before, which must be forgotten nevertheless."""
    (letsencrypt / "live/veil").mkdir(parents=True)
    names = ",".join(f"DNS:{name}" for name in CLIENT_NAMES)
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=public -addext".split()
    files = "-keyout privkey.pem -out fullchain.pem".split()
    subprocess.run([*make, f"subjectAltName={names}", *files], cwd=letsencrypt / "live/veil", check=True, capture_output=True)


@pytest.mark.parametrize("change", (make_another, get_a_public_one), ids=("another of ours", "a public one"))
def test_a_running_ejabberd_takes_a_new_one_without_a_restart(api, account, certificates, tmp_path, change):
    port = stack.port("XMPP_PORT_TLS", 5223)
    before = served.certificate(port)
    assert before in (certificates / "server.pem").read_text()
    with xmpp_client.Session(account.username, account.password) as session:
        change(certificates, tmp_path)
        assert "ejabberd: reads its new certificates" in renewed(certificates, tmp_path)
        wait.until(lambda: served.certificate(port) != before, 10, "another certificate is served")
        assert served.certificate(port) in (certificates / "server.pem").read_text()
        assert session.contacts() == [], "the session from before goes on"
    assert rest.login(api, account.username, account.password).status == 200, "the admin API has its own certificate still"
