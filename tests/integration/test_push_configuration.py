"""Keys that are missing or wrong: the server starts, says so without showing them, and the other platform works."""

import json
import subprocess

import pytest

from support import api_process, fake_push, push, raw_http, secrets, stack
from support.push_fixtures import fake

GARBAGE = secrets.remember("garbage-that-is-no-key-at-all-4711")


def generated(*arguments):
    """A key of the wrong kind, and its lines remembered as what no log may show."""
    command = ["openssl", "genpkey", *arguments]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    for line in text.splitlines()[1:-1]:
        if len(line) >= 32:
            secrets.remember(line)
    return text


def wrong_curve():
    return generated("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")


def rsa_key():
    return generated("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")


def account_with(fake, **changes):
    """The service account with some members replaced, None: left out."""
    whole = json.loads((fake.folder / "service_account.json").read_text()) | changes
    for line in str(whole["private_key"]).splitlines():
        if len(line) >= 32:
            secrets.remember(line)
    return json.dumps({name: value for name, value in whole.items() if value is not None})


APNS_FAULTS = {
    "missing": None,
    "empty": lambda _: "",
    "garbage": lambda _: GARBAGE,
    "garbage in PEM": lambda _: f"-----BEGIN PRIVATE KEY-----\n{GARBAGE}\n-----END PRIVATE KEY-----\n",
    "another curve": lambda _: wrong_curve(),
    "RSA": lambda _: rsa_key(),
}
FCM_FAULTS = {
    "missing": None,
    "empty": lambda _: "",
    "garbage": lambda _: GARBAGE,
    "a list": lambda _: f'["{GARBAGE}"]',
    "no private key": lambda fake: account_with(fake, private_key=None),
    "a private key that is none": lambda fake: account_with(fake, private_key=GARBAGE),
    "no project": lambda fake: account_with(fake, project_id=None),
    "a plain HTTP token_uri": lambda fake: account_with(fake, token_uri="http://localhost/token"),
}


def faulty_file(tmp_path, fake, content):
    path = tmp_path / "key-file"
    if content is not None:
        path.write_text(content(fake))
    return str(path)


def message(api, start):
    found = [record["message"] for record in api.log_records() if record.get("message", "").startswith(start)]
    assert len(found) == 1, found
    return found[0]


def assert_off(api, fake, off):
    """One platform is off and says why, the other one rings."""
    on = {"ios": "android", "android": "ios"}[off]
    assert len(message(api, f"push to {off}: off: ")) > len(f"push to {off}: off: ")
    assert message(api, f"push to {on}: ready")
    callee = push.Callee(api, push.Device("ok-", off), push.Device("ok-", on))
    alone = push.Callee(api, push.Device("ok-", off))
    called = push.ring(api, callee)
    assert called[2:] == ("sent", 1)
    assert fake.wait_push(call_id=called.call_id).token == callee.devices[1].push_token
    assert push.ring(api, alone).sent == 0
    assert push.cancelled(api, alone, push.ring(api, alone).call_id) == 0
    answer = push.test_push(api, alone, alone.devices[0])
    assert answer.status == 200 and answer.json()["reason"]
    assert (answer.json()["provider"], answer.json()["outcome"]) == ({"ios": "apns"}.get(off, "fcm"), "not_configured")
    assert push.registration(alone, alone.devices[0])


@pytest.mark.parametrize("fault", ["missing", "garbage", "another curve"])
def test_without_a_key_for_apple_android_rings(fake, tmp_path, fault):
    env = fake.env() | {"APNS_KEY_PATH": faulty_file(tmp_path, fake, APNS_FAULTS[fault])}
    with api_process.ApiProcess(**env) as api:
        assert_off(api, fake, "ios")
        assert "APNS_KEY_PATH" in message(api, "push to ios: off: ")


def test_without_its_id_the_key_is_not_used(fake):
    with api_process.ApiProcess(**fake.env() | {"APNS_KEY_ID": ""}) as api:
        assert_off(api, fake, "ios")
        assert "APNS_KEY_ID" in message(api, "push to ios: off: ")


@pytest.mark.parametrize("fault", ["missing", "garbage"])
def test_without_a_service_account_iphones_ring(fake, tmp_path, fault):
    env = fake.env() | {"FCM_SERVICE_ACCOUNT_PATH": faulty_file(tmp_path, fake, FCM_FAULTS[fault])}
    with api_process.ApiProcess(**env) as api:
        assert_off(api, fake, "android")
        assert "FCM_SERVICE_ACCOUNT_PATH" in message(api, "push to android: off: ")


@pytest.fixture(scope="module")
def callee(fake):
    with api_process.ApiProcess(**fake.env()) as api:
        return push.Callee(api, push.ios(), push.android())


FAULTS = [("APNS_KEY_PATH", "ios", fault) for fault in APNS_FAULTS]
FAULTS += [("FCM_SERVICE_ACCOUNT_PATH", "android", fault) for fault in FCM_FAULTS]


@pytest.mark.parametrize(("variable", "platform", "fault"), FAULTS)
def test_every_fault_of_a_key_is_named(fake, callee, tmp_path, variable, platform, fault):
    content = (APNS_FAULTS if platform == "ios" else FCM_FAULTS)[fault]
    env = stack.api_environment() | fake.env() | {variable: faulty_file(tmp_path, fake, content)}
    done = api_process.run("push", "explain", callee.jid, env=env)
    assert done.returncode == 0, done.stderr
    assert f"{platform} is off: {variable}" in done.stdout
    assert done.stdout.count("is off") == 1
    assert secrets.leaked_in(done.stdout + done.stderr) == []


def test_without_any_key_calls_are_still_answered():
    with api_process.ApiProcess() as api:
        callee = push.Callee(api, push.ios(), push.android())
        for _ in range(2):
            assert push.ring(api, callee).sent == 0
        for platform in ("ios", "android"):
            assert message(api, f"push to {platform}: off: ")


def test_with_both_keys_both_are_ready(fake):
    with api_process.ApiProcess(**fake.env()) as api:
        push.warm_up(api, fake)
        for platform in ("ios", "android"):
            assert message(api, f"push to {platform}: ready")


def test_a_provider_that_cannot_show_who_it_is_gets_nothing(fake):
    connected = len(fake.events("connection"))
    with fake_push.FakePush(fresh_keys=True) as stranger:
        env = fake.env() | {"PUSH_CA_FILE": str(stranger.folder / "ca.pem"), "RING_TIME": "3"}
        with api_process.ApiProcess(**env) as api:
            callee = push.Callee(api, push.ios(), push.android())
            assert push.ring(api, callee)[2:] == ("sent", 0)
            for device in callee.devices:
                answer = push.test_push(api, callee, device).json()
                assert answer["outcome"] == "unavailable" and answer["reason"]
            assert len(push.registrations(callee)) == 2
            assert "certificate" in api.log().lower()
            assert raw_http.request(api.port, "GET", "/readyz").status == 200
        assert [device for device in callee.devices if fake.pushes(token=device.push_token)] == []
        assert len(fake.events("connection")) == connected  # none got past the handshake


def test_a_missing_authority_is_a_clear_fault(fake, tmp_path):
    """Nothing is ever sent unverified: without the authority that was asked for, the platforms are off."""
    with api_process.ApiProcess(**fake.env() | {"PUSH_CA_FILE": str(tmp_path / "nothing.pem")}) as api:
        callee = push.Callee(api, push.ios(), push.android())
        assert push.ring(api, callee).sent == 0
        for platform in ("ios", "android"):
            assert message(api, f"push to {platform}: off: ")
    assert [device for device in callee.devices if fake.pushes(token=device.push_token)] == []
