"""The server dies between a call's claim and its answer: whoever hears of the call again rings, and it can be ended."""

import pytest

from support import database, fake_push, push, wait
from support.crashing import crash
from support.push_fixtures import api, fake

TAKEN_OVER_SECONDS = 10


@pytest.fixture
def callee(api):
    return push.Callee(api, push.ios(), push.android())


def interrupted(fake, callee, point):
    call_id = push.new_call_id()

    def notify(doomed):
        push.wait_connected(doomed)
        push.notify(doomed, callee, call_id=call_id)

    crash(point, notify, **fake.env())
    return call_id


def wait_given_up(call_id):
    """Until the time has passed in which the dead server's answer might still come. Who asks earlier may take over with half
    a second left."""
    over = f"SELECT lease_until < now() FROM push_calls WHERE call_id = {database.quoted(call_id)}"
    wait.until(lambda: database.rows(over) == [["t"]], TAKEN_OVER_SECONDS, "the dead server is given up")


def test_a_call_that_had_only_been_claimed_rings_when_it_is_heard_of_again(api, fake, callee):
    call_id = interrupted(fake, callee, "push.claimed")
    assert fake.pushes(call_id=call_id) == []
    wait_given_up(call_id)
    assert push.ring(api, callee, call_id=call_id).sent == 2
    fake.wait_pushes(2, call_id=call_id)
    assert push.ring(api, callee, call_id=call_id)[2:] == ("sent", 2)
    assert len(fake.pushes(call_id=call_id)) == 2


def test_a_call_that_was_being_pushed_rings_every_device(api, fake, callee):
    call_id = interrupted(fake, callee, "push.sent")
    wait_given_up(call_id)
    assert push.ring(api, callee, call_id=call_id).sent == 2
    tokens = {device.push_token for device in callee.devices}

    def rang():
        return {sent.token for sent in fake.pushes(call_id=call_id, status=200)} == tokens

    wait.until(rang, fake_push.ARRIVAL_SECONDS, "every device rings")
    assert push.ring(api, callee, call_id=call_id)[2:] == ("sent", 2)


def test_devices_that_may_have_rung_for_a_dead_server_are_told_of_the_end(api, fake, callee):
    call_id = interrupted(fake, callee, "push.sent")
    wait_given_up(call_id)
    assert push.cancelled(api, callee, call_id) == 2
    told = {sent.token for sent in fake.wait_pushes(2, call_id=call_id, kind="cancel")}
    assert told == {device.push_token for device in callee.devices}
    assert push.ring(api, callee, call_id=call_id).sent == 0, "a call that is over is not taken over"
