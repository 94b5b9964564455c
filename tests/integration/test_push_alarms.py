"""Answers that mean our key, our topic or our account is wrong: the tokens stay, and no more is sent on it."""

import contextlib

from support import api_process, database, fake_push, push, wait

APPLES_RULE = {"token_update_seconds": 0}  # by default new provider tokens are refused for 20 minutes


@contextlib.contextmanager
def started(**flags):
    with fake_push.FakePush(**flags) as fake, api_process.ApiProcess(**fake.env()) as api:
        push.warm_up(api, fake)
        yield fake, api


def assert_kept(callee):
    tokens = {row.push_token for row in push.registrations(callee)}
    assert tokens == {device.push_token for device in callee.devices}


def assert_alarmed(api, reason):
    """The operator can read it in the log."""

    def said():
        return [record for record in api.log_records() if record["level"] == "error" and reason in str(record)]

    wait.until(said, push.RECORD_SECONDS, f"an error that names {reason}")


def test_a_refused_key_is_not_used_any_more():
    with started() as (fake, api):
        refused = push.Callee(api, push.ios("forbidden-"), push.android())
        assert push.ring(api, refused)[2:] == ("sent", 1)
        push.wait_result(refused, refused.devices[0], "misconfigured: Forbidden")
        later = push.Callee(api, push.ios(), push.android())
        assert push.ring(api, later)[2:] == ("sent", 1)
        fake.wait_push(token=later.devices[1].push_token)
        assert push.ring(api, refused)[2:] == ("sent", 1)
        answer = push.test_push(api, later, later.devices[0]).json()
        assert (answer["provider"], answer["outcome"]) == ("apns", "misconfigured") and answer["reason"]
        assert not fake.pushes(token=later.devices[0].push_token)
        assert len(fake.pushes(token=refused.devices[0].push_token)) == 1
        for callee in (refused, later):
            assert_kept(callee)
        assert_alarmed(api, "Forbidden")


def test_a_refused_topic_is_not_used_any_more():
    with started() as (fake, api):
        refused = push.Callee(api, push.ios("disallowed-", "org.example.wrong"))
        assert push.ring(api, refused)[2:] == ("sent", 0)
        push.wait_result(refused, refused.devices[0], "misconfigured: TopicDisallowed")
        same, other = push.Callee(api, push.ios(app_id="org.example.wrong")), push.Callee(api, push.ios())
        assert push.ring(api, same)[2:] == ("sent", 0)
        push.assert_delivers(api, fake, other)
        assert fake.pushes(token=same.devices[0].push_token) == []
        assert_kept(refused)
        assert_kept(same)
        assert_alarmed(api, "TopicDisallowed")


def test_googles_alarm_leaves_apple_alone():
    with started() as (fake, api):
        callee = push.Callee(api, push.android("thirdparty-"), push.ios())
        assert push.ring(api, callee)[2:] == ("sent", 1)
        push.wait_result(callee, callee.devices[0], "misconfigured: THIRD_PARTY_AUTH_ERROR")
        fake.wait_pushes(1, token=callee.devices[0].push_token)
        push.assert_delivers(api, fake, push.Callee(api, push.ios()))
        assert_kept(callee)
        assert_alarmed(api, "THIRD_PARTY_AUTH_ERROR")


def test_an_expired_provider_token_is_replaced_on_a_new_connection():
    with started(**APPLES_RULE) as (fake, api):
        callee = push.Callee(api, push.ios("expiredprovider-"))
        assert push.ring(api, callee)[2:] == ("sent", 1)
        first, second = fake.wait_pushes(2, token=callee.devices[0].push_token)
        assert (first.status, first.reason, second.status) == (403, "ExpiredProviderToken", 200)
        assert first.credential != second.credential
        assert first.connection != second.connection
        push.wait_result(callee, callee.devices[0], "accepted")
        push.assert_delivers(api, fake, callee)
        assert {sent.credential for sent in fake.pushes(token=callee.devices[0].push_token)[1:]} == {second.credential}


def test_many_expired_answers_make_one_new_token():
    with started(**APPLES_RULE) as (fake, api):
        callee = push.Callee(api, *[push.ios("expiredprovider-") for _ in range(20)])
        push.all_rung(api, callee)
        assert len({sent.credential for sent in fake.pushes(provider="apns")}) == 2


def test_the_new_token_is_shared_with_the_other_process():
    with started(**APPLES_RULE) as (fake, api), api_process.ApiProcess(**fake.env()) as second:
        callee = push.Callee(api, push.ios("expiredprovider-"))
        push.assert_delivers(second, fake, push.Callee(second, push.ios()))
        for server in (api, second):
            assert push.ring(server, callee)[2:] == ("sent", 1)
        assert len({sent.credential for sent in fake.pushes(provider="apns")}) == 2


def age_provider_token(seconds):
    """Time for a new one, as far as the servers know."""
    made = f"extract(epoch FROM now())::bigint - {seconds}"
    database.rows(f"UPDATE push_provider_tokens SET issued_at = {made}, minted_at = {made}", role="veil_owner")


def test_while_apple_takes_no_new_token_the_previous_one_is_used():
    with started() as (fake, api):
        fake.problems_expected = True  # a new token comes too early for it
        callee, before = push.Callee(api, push.ios()), fake.pushes(provider="apns")[0].credential
        age_provider_token(40 * 60)
        with api_process.ApiProcess(**fake.env()) as second:
            push.wait_connected(second, "apns_production")
            push.assert_delivers(second, fake, callee)
            early, accepted = fake.wait_pushes(2, token=callee.devices[0].push_token)
            assert (early.status, early.reason) == (429, "TooManyProviderTokenUpdates")
            assert early.credential != before == accepted.credential
            push.wait_result(callee, callee.devices[0], "accepted")
        for _ in range(2):
            with api_process.ApiProcess(**fake.env()) as later:
                push.wait_connected(later, "apns_production")
                push.assert_delivers(later, fake, callee)
        assert {sent.credential for sent in fake.pushes(status=200, provider="apns")} == {before}
        assert len(fake.pushes(status=429)) == 1


def test_what_one_device_answers_is_no_alarm():
    prefixes = ("unregistered-", "baddevice-", "topic-", "503-", "429-", "hang-")
    with started() as (fake, api):
        callee = push.Callee(api, *[push.ios(prefix) for prefix in prefixes], push.android("sender-"))
        assert push.ring(api, callee)[2:] == ("sent", 0)
        push.assert_delivers(api, fake, push.Callee(api, push.ios(), push.android()))
        assert [record for record in api.log_records() if record["level"] == "error"] == []


def test_a_key_that_apple_does_not_know_is_an_alarm():
    with fake_push.FakePush() as fake, api_process.ApiProcess(**fake.env() | {"APNS_KEY_ID": "FAKEKEY002"}) as api:
        fake.problems_expected = True
        callee = push.Callee(api, *[push.ios() for _ in range(3)], push.android())
        assert push.ring(api, callee)[2:] == ("sent", 1)
        for device in callee.devices[:3]:
            push.wait_result(callee, device, "misconfigured: InvalidProviderToken")
        assert_alarmed(api, "InvalidProviderToken")
