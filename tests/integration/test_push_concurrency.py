"""Everything at once for one account: calls, their retransmissions, registrations, results that remove registrations, and
the account's own deletion."""

import concurrent.futures
import contextlib

from support import database, push, rest, wait
from support.concurrency import together
from support.push_fixtures import api, fake

ROUNDS = 15


def registrations_of(account):
    return f"SELECT FROM push_registrations WHERE jid = {database.quoted(account.jid)} FOR NO KEY UPDATE"


def call_of(called):
    return f"SELECT FROM push_calls WHERE call_id = {database.quoted(called.call_id)} FOR UPDATE"


@contextlib.contextmanager
def sessions():
    """Two that hold locks and one that looks. They have started before: the server waits no longer than 3 s for a lock."""
    with database.session("veil_owner") as first, database.session("veil_owner") as second:
        with database.session("veil") as look:
            yield first, second, look


def test_nobody_is_in_anybodys_way(api):
    for _ in range(ROUNDS):
        devices = [push.ios() for _ in range(6)] + [push.ios("unregistered-"), push.ios("baddevice-")]
        callee, same = push.Callee(api, *devices), push.new_call_id()
        calls = [lambda: push.notify(api, callee) for _ in range(4)]
        repeated = [lambda: push.notify(api, callee, call_id=same) for _ in range(3)]
        ends = [lambda: push.cancel(api, callee, same)]
        anew = [lambda device=device: push.register_device(api, callee, device) for device in devices]
        deletion = [lambda: rest.delete(api, callee.token, callee.username, callee.password)]
        answers = together(calls + repeated + ends + anew + deletion)
        assert {answer.status for answer in answers} <= {200, 401}, answers
        assert push.registrations(callee) == []
    assert [record for record in api.log_records() if record["level"] in ("error", "critical")] == []


def test_results_of_a_device_that_came_back_meanwhile_hold_nobody_up(api, fake):
    returning, staying = push.ios(), push.ios()
    returning.device_id, staying.device_id = "first-to-be-locked", "second-to-be-locked"
    callee, before = push.Callee(api, returning, staying), push.Callee(api, push.ios())
    known = f"SELECT last_result FROM push_registrations WHERE jid = {database.quoted(before.jid)}"
    with concurrent.futures.ThreadPoolExecutor(1) as pool, sessions() as (first, second, look):
        with contextlib.ExitStack() as writing:
            with database.holding(first, registrations_of(before)):
                push.ring(api, before)
                database.wait_waiting(1, look)
                called = push.ring(api, callee)
                assert called.sent == 2
                writing.enter_context(database.holding(second, call_of(called)))
                assert push.unregister_device(api, callee, returning.device_id).status == 200
            # Now the results of both are being written; only the second one's registration is there to be locked.
            wait.until(lambda: look(known) == [["accepted"]], push.RECORD_SECONDS, "the first call's result")
            database.wait_waiting(1, look)
            push.assert_registered(push.register_device(api, callee, returning))
            registering = pool.submit(push.register_device, api, callee, staying)
            database.wait_waiting(2, look)
        push.assert_registered(registering.result())
    push.wait_result(callee, staying, "accepted")
    assert "wait to be written" not in api.log()
