"""Devices go with their account: nothing of them is left for whoever takes the name next."""

from support import push, raw_http, rest, secrets
from support.concurrency import together
from support.push_fixtures import api, fake


def delete(api, account):
    return rest.delete(api, account.token, account.username, account.password)


def successor_of(api, account):
    """Who registered the name next."""
    answer = rest.register(api, account.username, secrets.password())
    assert answer.status == 201, answer
    account.token = answer.json()["token"]
    return account


def test_the_devices_of_a_deleted_account_never_ring_again(api, fake):
    callee, other = push.Callee(api, push.ios(), push.android()), push.Callee(api, push.ios())
    assert delete(api, callee).status == 200
    assert push.registrations(callee) == []
    assert push.ring(api, callee)[2:] == ("no_registrations", 0)
    raw_http.assert_error(push.register_device(api, callee, push.ios()), 401, "Token has been revoked")
    assert push.devices(api, successor_of(api, callee)) == []
    assert push.ring(api, callee)[2:] == ("no_registrations", 0)
    push.assert_delivers(api, fake, other)
    assert not [device for device in callee.devices if fake.pushes(token=device.push_token)]


def test_a_deletion_stops_the_call_that_is_being_sent(api, fake):
    callee = push.Callee(api, push.ios("503-"), push.android())
    with push.ringing(api, callee):
        assert delete(api, callee).status == 200
    push.wait_log(callee, 1, seconds=10, outcome="cancelled")
    fake.assert_quiet(1.5, token=callee.devices[0].push_token)


def test_a_registration_during_the_deletion_leaves_nothing(api):
    callee = push.Callee(api, push.ios())
    registering = [lambda device=push.ios(): push.register_device(api, callee, device) for _ in range(10)]
    deleted, *answers = together([lambda: delete(api, callee), *registering])
    assert deleted.status == 200
    assert {answer.status for answer in answers} <= {200, 401}, answers
    assert push.registrations(callee) == []
    assert push.devices(api, successor_of(api, callee)) == []
    assert push.ring(api, callee)[2:] == ("no_registrations", 0)
