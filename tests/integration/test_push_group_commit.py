"""Registrations that come together share a transaction: none is acknowledged before it is safe, and none suffers from
another's trouble."""

import concurrent.futures
import json
import signal
import threading
import time

import pytest

from support import api_process, database, metrics, push, raw_http, rest, stack, wait
from support.concurrency import together
from support.crashing import crash

ANSWER_SECONDS = 14  # two batches: who came while the first was given up is in the second. Each has 4 s, and 3 s to connect
STOPPING_SECONDS = 3
RECOVERY_SECONDS = 10
SWAPS = 20
FEW = 6  # come while a lock is held: the server waits no longer than 3 s for it

REFUSING = """
CREATE FUNCTION refuse_a_device() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'this one cannot be written'; END $$;
CREATE TRIGGER refuse_a_device BEFORE INSERT OR UPDATE ON push_registrations FOR EACH ROW
    WHEN (NEW.app_id = 'refused') EXECUTE FUNCTION refuse_a_device();
"""


@pytest.fixture(scope="module")
def owners(api):
    return [rest.Account(api) for _ in range(12)]


def everything():
    return database.held("LOCK TABLE push_registrations IN SHARE MODE")


def account_lock(account):
    return database.held(f"SELECT pg_advisory_xact_lock(hashtextextended({database.quoted(account.jid)}, 0))")


def call_being_claimed(account):
    return database.held(f"SELECT FROM push_registrations WHERE jid = {database.quoted(account.jid)} FOR KEY SHARE")


def register_all(api, owners, app_id=push.APP):
    """One new device for each, all at the same moment; the answers."""
    devices = [push.ios(app_id=app_id) for _ in owners]
    calls = [lambda pair=pair: push.register_device(api, *pair) for pair in zip(owners, devices, strict=True)]
    return devices, together(calls)


def transactions_of(devices):
    """How many transactions wrote these registrations."""
    names = ", ".join(database.quoted(device.device_id) for device in devices)
    return int(database.rows(f"SELECT count(DISTINCT xmin::text) FROM push_registrations WHERE device_id IN ({names})")[0][0])


def test_those_who_wait_are_committed_together(api, owners):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with everything():
            registering = pool.submit(register_all, api, owners[:FEW])
            metrics.wait_in_hand(api, FEW)
        devices, answers = registering.result()
    for answer in answers:
        push.assert_registered(answer)
    # The first one went alone; the others waited for it. One of them may have been too late for the next transaction.
    assert transactions_of(devices) <= 3


def test_one_that_cannot_be_written_fails_alone(api, owners):
    database.rows(REFUSING, role="veil_owner")
    try:
        bad, *good = owners[:FEW]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            with everything():
                failing = pool.submit(push.register_device, api, bad, push.ios(app_id="refused"))
                registering = pool.submit(register_all, api, good)
                metrics.wait_in_hand(api, FEW)
            devices, answers = registering.result()
        raw_http.assert_error(failing.result(), 500, "Internal Server Error")
    finally:
        database.rows("DROP FUNCTION refuse_a_device CASCADE", role="veil_owner")
    for owner, device, answer in zip(good, devices, answers, strict=True):
        push.assert_registered(answer)
        assert push.registration(owner, device).push_token == device.push_token


@pytest.mark.parametrize("reason", [account_lock, call_being_claimed])
def test_who_has_to_wait_holds_up_nobody(api, owners, reason):
    (waiting, *others), device = owners, push.ios()
    push.assert_registered(push.register_device(api, waiting, device))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with reason(waiting):
            late = pool.submit(push.register_device, api, waiting, device)
            database.wait_waiting(1)
            _, answers = register_all(api, others[:4])
            for answer in answers:
                push.assert_registered(answer)
            assert not late.done()
        push.assert_registered(late.result())


def test_a_registration_that_a_crash_left_unanswered_can_be_repeated(api, owners):
    owner, device = owners[0], push.ios()
    crash("group_commit.committed", lambda doomed: push.register_device(doomed, owner, device))
    assert push.registration(owner, device) is not None
    push.assert_registered(push.register_device(api, owner, device))
    assert push.registration(owner, device).push_token == device.push_token


def test_what_was_acknowledged_survives_a_kill(owners):
    """Each owner registers one device again and again with new tokens: the last one acknowledged is there, or the one
    behind it, whose answer was lost."""
    devices = [push.ios() for _ in owners]
    known = {owner.jid: [] for owner in owners}  # tokens in the order in which they were sent
    acknowledged = dict.fromkeys(known, 0)
    broken = []

    def keep_registering(server, owner, device):
        while True:
            token = push.new_token()
            known[owner.jid].append(token)
            try:
                push.assert_registered(push.register_device(server, owner, device, push_token=token))
            except (AssertionError, ConnectionError) as error:
                broken.append(error)
                return
            acknowledged[owner.jid] = len(known[owner.jid])

    server = api_process.ApiProcess()
    clients = [threading.Thread(target=keep_registering, args=(server, *pair)) for pair in zip(owners, devices, strict=True)]
    for client in clients:
        client.start()
    wait.until(lambda: min(acknowledged.values()) >= 10 or broken, 60, "registrations")
    assert broken == []
    server.signal(signal.SIGKILL)
    assert server.wait_end(10) == -signal.SIGKILL
    for client in clients:
        client.join(30)
    for owner, device in zip(owners, devices, strict=True):
        tokens = known[owner.jid]
        assert push.registration(owner, device).push_token in tokens[acknowledged[owner.jid] - 1 :]


@pytest.mark.parametrize("interrupt", [stack.stopped, stack.frozen])
def test_an_outage_is_told_to_everyone_and_ends_by_itself(api, owners, interrupt):
    with interrupt("db"):
        begin = time.monotonic()
        devices, answers = register_all(api, owners)
        assert time.monotonic() - begin <= ANSWER_SECONDS
    for answer in answers:
        raw_http.assert_error(answer, answer.status)
        assert answer.status in (503, 504), answer
    owner, device = owners[0], devices[0]
    wait.until(lambda: push.register_device(api, owner, device).status == 200, RECOVERY_SECONDS, "registering works again")
    push.assert_registered(push.register_device(api, owner, device))
    assert push.registration(owner, device).push_token == device.push_token


def begun(server, owner, device):
    """A registration that the server has certainly begun to serve: it has asked for the body."""
    body = json.dumps(push.registration_body(owner, device)).encode()
    lines = (f"Authorization: Bearer {owner.token}", f"Content-Length: {len(body)}", "Expect: 100-continue")
    wire = raw_http.Wire(server.port)
    wire.send(raw_http.head("POST", rest.PREFIX + "/push/register", *lines))
    assert wire.read().status == 100
    return wire, body


def test_a_stop_finishes_what_has_begun(owners):
    devices = [push.ios() for _ in owners]
    with api_process.ApiProcess() as server:
        requests = [begun(server, *pair) for pair in zip(owners, devices, strict=True)]
        with everything():
            for wire, body in requests:
                wire.send(body)
            server.signal(signal.SIGTERM)
            wait.until(lambda: "stopping" in server.log(), STOPPING_SECONDS, "the signal is heard")
        for wire, _ in requests:
            push.assert_registered(wire.read())
        server.assert_clean(server.wait_end(api_process.STOP_SECONDS))
    for owner, device in zip(owners, devices, strict=True):
        assert push.registration(owner, device) is not None


def test_accounts_that_swap_tokens_do_not_block_each_other(api):
    """Each takes the other's token while the other takes his, through two servers at once."""
    first, second = push.Callee(api, push.ios()), push.Callee(api, push.ios())
    mine, theirs = first.devices[0], second.devices[0]
    with api_process.ApiProcess() as other:
        for _ in range(SWAPS):
            mine.push_token, theirs.push_token = theirs.push_token, mine.push_token
            for answer in together(
                [lambda: push.register_device(api, first, mine), lambda: push.register_device(other, second, theirs)]
            ):
                push.assert_registered(answer)
            owners_of = [row.push_token for account in (first, second) for row in push.registrations(account)]
            assert len(owners_of) == len(set(owners_of)) > 0
        assert [record for record in other.log_records() if record["level"] in ("error", "critical")] == []
