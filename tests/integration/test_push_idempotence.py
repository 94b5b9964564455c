"""However often, at once or on how many processes a call is announced, each device rings once."""

import time

import pytest

from support import api_process, database, push
from support.concurrency import together
from support.push_fixtures import api, fake

AT_ONCE = 20
LAST_LOOK_SECONDS = 1.3  # whoever hears of a call again looks so long for its answer, then says 0


@pytest.fixture(scope="module")
def second(fake):
    with api_process.ApiProcess(**fake.env()) as process:
        yield process


@pytest.fixture
def callee(api):
    return push.Callee(api, push.ios(), push.android())


def age_call(call_id, seconds):
    database.rows(
        f"UPDATE push_calls SET claimed_at = claimed_at - interval '{seconds} s', "
        f"lease_until = lease_until - interval '{seconds} s' WHERE call_id = {database.quoted(call_id)}",
        role="veil_owner",
    )


def assert_rang_once(api, fake, callee, call_id):
    push.assert_delivers(api, fake, callee)  # behind it nothing of the call can be on its way
    for device in callee.devices:
        assert len(fake.pushes(token=device.push_token, call_id=call_id)) == 1


def announce(api, callee, call_id):
    """One of many announcements of a call that reaches both devices; only one that waited to its end may not know that."""
    begin = time.monotonic()
    answer = push.ring(api, callee, call_id=call_id)[2:]
    seconds = time.monotonic() - begin
    assert answer == ("sent", 2) or (answer == ("sent", 0) and seconds >= LAST_LOOK_SECONDS), (answer, seconds)


def announce_together(servers, callee, call_id):
    together([lambda at=at: announce(at, callee, call_id) for at in servers])
    assert push.ring(servers[0], callee, call_id=call_id)[2:] == ("sent", 2)


def test_all_processes_use_one_provider_token(api, second, fake, callee):
    for at in (api, second):
        push.assert_delivers(at, fake, callee)
    together([lambda at=at: push.assert_delivers(at, fake, callee) for at in (api, second) * 5])
    sent = fake.pushes(provider="apns")
    assert len({one.connection for one in sent}) == 2
    assert len({one.credential for one in sent}) == 1
    assert {one.status for one in sent} == {200}


def test_a_process_that_starts_later_uses_the_same_provider_token(api, fake, callee):
    push.assert_delivers(api, fake, callee)
    with api_process.ApiProcess(**fake.env()) as late:
        push.wait_connected(late)
        push.assert_delivers(late, fake, callee)
    assert len({sent.credential for sent in fake.pushes(provider="apns")}) == 1


def test_a_retransmission_rings_nobody(api, fake, callee):
    called = push.ring(api, callee)
    assert called.sent == 2
    for _ in range(3):
        assert push.ring(api, callee, call_id=called.call_id)[2:] == ("sent", 2)
    assert push.ring(api, callee.username.upper(), call_id=called.call_id)[2:] == ("sent", 2)
    assert_rang_once(api, fake, callee, called.call_id)
    assert len(push.wait_log(callee, 2, call_id=called.call_id)) == 2


@pytest.mark.parametrize("processes", [1, 2])
def test_of_many_announcements_at_once_one_rings(api, second, fake, callee, processes):
    call_id = push.new_call_id()
    servers = ([api, second][:processes] * AT_ONCE)[:AT_ONCE]
    announce_together(servers, callee, call_id)
    assert_rang_once(api, fake, callee, call_id)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_retransmission_while_the_push_is_under_way_waits_for_it(api, second, fake, processes):
    callee, call_id = push.Callee(api, push.ios("slow-400-")), push.new_call_id()
    other = (api, second)[processes - 1]
    with push.ringing(api, callee, call_id=call_id) as first:
        assert push.ring(other, callee, call_id=call_id)[2:] == ("sent", 1)
        assert first.result()[2:] == ("sent", 1)
    assert_rang_once(api, fake, callee, call_id)


def test_the_answer_stays_what_it_was(api, fake):
    """A device that comes between two announcements of a call is not rung by the second."""
    callee, late = push.Callee(api, push.ios("topic-")), push.ios()
    refused = push.ring(api, callee)
    assert refused[2:] == ("sent", 0)
    push.assert_registered(push.register_device(api, callee, late))
    assert push.ring(api, callee, call_id=refused.call_id)[2:] == ("sent", 0)
    assert push.ring(api, callee).sent == 1
    assert fake.wait_push(token=late.push_token).call_id != refused.call_id


def test_one_call_rings_all_whom_it_is_for(api, fake, callee):
    other = push.Callee(api, push.ios(), push.android())
    called = push.ring(api, callee)
    assert push.ring(api, other, call_id=called.call_id).sent == 2
    assert push.ring(api, callee, call_id=called.call_id).sent == 2
    for owner in (callee, other):
        assert_rang_once(api, fake, owner, called.call_id)


def test_the_next_call_rings_again(api, fake, callee):
    for _ in range(2):
        push.assert_delivers(api, fake, callee)
    assert len(fake.pushes(token=callee.devices[0].push_token)) == 2


def test_after_a_minute_a_call_may_ring_again(api, fake, callee):
    called = push.rung(api, callee, 2)
    age_call(called.call_id, 50)
    assert push.ring(api, callee, call_id=called.call_id).sent == 2
    assert_rang_once(api, fake, callee, called.call_id)
    age_call(called.call_id, 11)
    assert push.ring(api, callee, call_id=called.call_id).sent == 2
    fake.wait_pushes(4, call_id=called.call_id)


def test_after_a_minute_too_only_one_announcement_rings(api, second, fake, callee):
    called = push.ring(api, callee)
    age_call(called.call_id, 61)
    announce_together((api, second) * 5, callee, called.call_id)
    push.assert_delivers(api, fake, callee)
    assert len(fake.pushes(call_id=called.call_id)) == 4
