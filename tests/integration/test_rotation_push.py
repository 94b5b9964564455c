"""Keys of Apple and Google are replaced under a running server: a broken one changes nothing, a good one is used at once,
and pushes on their way arrive."""

import json
import shutil

import pytest

from support import api_process, fake_push, push, wait
from support.secret_files import SecretFiles, new_secret

KEY, NEXT_KEY, ACCOUNT = "apns_key.p8", "apns_key_next.p8", "service_account.json"
KEY_ID, NEXT_KEY_ID = "FAKEKEY001", "FAKEKEY002"


@pytest.fixture
def fake():
    with fake_push.FakePush(token_update_seconds=0) as provider:
        yield provider


@pytest.fixture
def keys(fake, tmp_path):
    """Copies of the provider's files, and the key's id in one."""
    for name in (KEY, ACCOUNT, "ca.pem"):
        shutil.copy(fake.folder / name, tmp_path / name)
    return SecretFiles(tmp_path, APNS_KEY_ID=KEY_ID)


def start(fake, keys, **overrides):
    paths = {"APNS_KEY_PATH": KEY, "FCM_SERVICE_ACCOUNT_PATH": ACCOUNT, "PUSH_CA_FILE": "ca.pem"}
    return api_process.ApiProcess(
        **fake.env() | {name: str(keys.path(file)) for name, file in paths.items()} | keys.env() | overrides
    )


def use_next_key(fake, keys):
    shutil.copy(fake.folder / NEXT_KEY, keys.path(KEY))
    keys.put("APNS_KEY_ID", NEXT_KEY_ID)


def signed_by(api, fake, callee):
    """The key ids of the pushes of one more call, all accepted."""
    called = push.ring(api, callee)
    assert called.sent == len(callee.devices), called
    return {sent.key_id for sent in fake.wait_pushes(len(callee.devices), call_id=called.call_id, status=200)}


def test_a_broken_key_changes_nothing(fake, keys):
    with start(fake, keys) as api:
        callee = push.Callee(api, push.ios())
        assert signed_by(api, fake, callee) == {KEY_ID}
        for bad in ("", "no key", "-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----\n"):
            keys.path(KEY).write_text(bad)
            keys.put("APNS_KEY_ID", NEXT_KEY_ID)
            said = api.reload()
            assert "reload: APNS_KEY_PATH is refused, the one before stays: APNS_KEY_PATH holds no private key" in said
            assert signed_by(api, fake, callee) == {KEY_ID}
        keys.path(KEY).unlink()
        assert "APNS_KEY_PATH cannot be read" in api.reload()
        assert signed_by(api, fake, callee) == {KEY_ID}


def test_a_new_key_is_used_at_once_and_pushes_on_their_way_arrive(fake, keys):
    with start(fake, keys) as api:
        callee, slow = push.Callee(api, push.ios()), push.Callee(api, push.ios("slow-1000-"))
        assert signed_by(api, fake, callee) == {KEY_ID}
        with push.ringing(api, slow):
            first = fake.wait_push(token=slow.devices[0].push_token)
            use_next_key(fake, keys)
            said = api.reload()
            assert "reload: APNS_KEY_PATH is another one now" in said and "1 replaced, 0 refused" in said, said
            assert signed_by(api, fake, callee) == {NEXT_KEY_ID}
        push.wait_log(slow, 1, kind="call", outcome="accepted")
        assert first.key_id == KEY_ID
        assert len(fake.pushes(token=slow.devices[0].push_token, kind="call")) == 1
        assert "0 replaced, 0 refused" in api.reload()


def test_another_process_goes_over_to_the_same_token(fake, keys):
    with start(fake, keys) as first, start(fake, keys) as second:
        callee = push.Callee(first, push.ios())
        use_next_key(fake, keys)
        for api in (first, second):
            assert "APNS_KEY_PATH is another one now" in api.reload()
            assert signed_by(api, fake, callee) == {NEXT_KEY_ID}
        assert len({sent.credential for sent in fake.pushes(key_id=NEXT_KEY_ID)}) == 1


def test_a_platform_that_was_off_is_turned_on(fake, keys):
    whole = keys.path(ACCOUNT).read_text()
    keys.path(KEY).unlink()
    keys.path(ACCOUNT).write_text("{}")
    with start(fake, keys) as api:
        callee = push.Callee(api, push.ios(), push.android())
        assert push.ring(api, callee).sent == 0
        said = api.reload()
        assert "push to ios: off: APNS_KEY_PATH" in said and "push to android: off: FCM_SERVICE_ACCOUNT_PATH" in said
        assert push.ring(api, callee).sent == 0
        shutil.copy(fake.folder / KEY, keys.path(KEY))
        keys.path(ACCOUNT).write_text(whole)
        said = api.reload()
        assert "push to ios: ready" in said and "push to android: ready" in said
        push.wait_connected(api)
        push.assert_delivers(api, fake, callee)


def test_a_broken_service_account_changes_nothing_and_a_new_one_is_used(fake, keys):
    with start(fake, keys) as api:
        callee = push.Callee(api, push.android())
        push.assert_delivers(api, fake, callee)
        whole = json.loads(keys.path(ACCOUNT).read_text())
        changes = ({"private_key": "none"}, {"token_uri": "https://x/"})
        for bad in ("", "{", *(json.dumps(whole | change) for change in changes)):
            keys.path(ACCOUNT).write_text(bad)
            assert "reload: FCM_SERVICE_ACCOUNT_PATH is refused, the one before stays" in api.reload()
            push.assert_delivers(api, fake, callee)
        assert len(fake.token_requests()) == 1
        keys.path(ACCOUNT).write_text(json.dumps(whole))  # other bytes
        assert "reload: FCM_SERVICE_ACCOUNT_PATH is another one now" in api.reload()
        wait.until(lambda: len(fake.token_requests()) == 2, fake_push.ARRIVAL_SECONDS, "a token for the new account")
        push.assert_delivers(api, fake, callee)


def test_the_authority_of_the_providers_can_be_replaced(fake, keys):
    right = keys.path("ca.pem").read_text()
    with fake_push.FakePush(fresh_keys=True) as stranger:
        keys.path("ca.pem").write_text((stranger.folder / "ca.pem").read_text())
    with start(fake, keys, RING_TIME="3") as api:
        callee = push.Callee(api, push.ios(), push.android())
        assert push.ring(api, callee).sent == 0
        keys.path("ca.pem").write_text("nothing")
        assert "reload: PUSH_CA_FILE is refused, the one before stays" in api.reload()
        keys.path("ca.pem").write_text(right)
        assert "reload: PUSH_CA_FILE is another one now" in api.reload()
        wait.until(lambda: push.ring(api, callee).sent == 2, 15, "pushes to providers that can show who they are")


def test_apples_token_outlives_the_secret_that_encrypts_it(fake, keys):
    before = new_secret()
    keys.put("JWT_SECRET", before)
    keys.put("JWT_SECRET_PREVIOUS", "")
    with start(fake, keys) as api:
        callee = push.Callee(api, push.ios())
        push.assert_delivers(api, fake, callee)
        keys.put("JWT_SECRET_PREVIOUS", before)
        keys.put("JWT_SECRET", new_secret())
        assert "reload: JWT_SECRET is another one now" in api.reload()
        push.assert_delivers(api, fake, callee)
        with start(fake, keys) as fresh:
            push.wait_connected(fresh, "apns_production")
            push.assert_delivers(fresh, fake, callee)
        assert len({sent.credential for sent in fake.pushes()}) == 1
