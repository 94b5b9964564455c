"""`veil-api trace CALL_ID`: one call's story, from the webhook to each device and back; and the same story in the log."""

import re

import pytest

from support import api_process, database, push, rest, secrets, stack, wait
from support.crashing import crash
from support.push_fixtures import api, fake

LINE = re.compile(r"^  (\d\d:\d\d:\d\d\.\d{3}) +(\d+) ms  (.*)$")


def run(*arguments, **changes):
    env = {name: value for name, value in (stack.api_environment() | changes).items() if value is not None}
    return api_process.run("trace", *arguments, env=env)


def trace(call_id):
    """What it says, on standard output alone and without secrets."""
    done = run(call_id)
    assert done.returncode == 0, done.stderr
    assert secrets.leaked_in(done.stdout + done.stderr) == []
    assert not [mark for mark in api_process.SANITIZER_MARKS if mark in done.stderr]
    assert done.stdout.startswith(f"call {call_id}\n")
    return done.stdout


def moments(said):
    """(milliseconds since the webhook, what) of every line, in their order."""
    return [(int(found[2]), found[3]) for found in map(LINE.match, said.splitlines()) if found]


def wait_written(call_id, webhooks):
    """So many webhooks of the call are written down, behind their answers."""
    query = f"SELECT count(*) FROM push_webhooks WHERE call_id = {database.quoted(call_id)}"
    wait.until(lambda: int(database.rows(query)[0][0]) == webhooks, push.RECORD_SECONDS, f"{webhooks} webhooks")


def notify_as(api, callee, call_id, request_id):
    body = push.call_body(callee, call_id=call_id)
    answer = push.webhook(api, "/push/call-notify", body, headers=[f"X-Request-Id: {request_id}"])
    assert answer.status == 200, answer
    return answer.json()["sent"]


def test_the_story_of_a_call(api, fake):
    callee = push.Callee(api, push.ios(), push.android("sender-"))
    phone, other = callee.devices
    call_id, request_id = push.new_call_id(), "story-" + push.new_call_id()
    assert notify_as(api, callee, call_id, request_id) == 1
    push.wait_log(callee, 2)
    assert push.cancelled(api, callee, call_id, "answered_elsewhere") == 1
    push.wait_log(callee, 3)
    wait_written(call_id, 2)
    said = trace(call_id)
    told = moments(said)
    assert [at for at, _ in told] == sorted(at for at, _ in told) and told[0][0] == 0
    came, *rest_of_it = [what for _, what in told]
    assert came == f"call-notify came, request {request_id}"
    assert "call-notify claimed it for 2 devices" in rest_of_it
    assert "call-notify answered: rang, sent 1" in rest_of_it
    assert "call-cancel ends it for 1 device" in rest_of_it
    assert "call-cancel answered: cancelled, sent 1" in rest_of_it
    assert [what for what in rest_of_it if what.startswith("call-cancel came (answered_elsewhere), request ")]
    for row in push.log_rows(callee):
        (line,) = [what for what in rest_of_it if row.push_id in what]
        for word in (f"{row.kind} push", row.device_id, row.platform, row.provider, row.outcome, row.reason, "attempt 1"):
            assert word in line
    assert phone.device_id in said and other.device_id in said and callee.jid in said
    assert said.index("call-notify came") < said.index("call push to") < said.index("call-cancel came")


def test_apple_knows_the_push_by_the_id_that_is_told(api, fake):
    callee = push.Callee(api, push.ios())
    called = push.rung(api, callee, 1)
    push.wait_log(callee, 1)
    wait_written(called.call_id, 1)
    sent = fake.wait_push(call_id=called.call_id)
    assert f"apns-id {sent.headers['apns-id']}" in trace(called.call_id)


def test_one_grep_in_the_log_tells_it_too(api, fake):
    callee = push.Callee(api, push.ios(), push.android())
    call_id, request_id = push.new_call_id(), "grep-" + push.new_call_id()
    assert notify_as(api, callee, call_id, request_id) == 2
    push.wait_log(callee, 2)
    assert push.cancelled(api, callee, call_id) == 2
    push.wait_log(callee, 4)

    def told():
        return [record for record in api.log_records() if record.get("call_id") == call_id]

    wait.until(lambda: len(told()) >= 10, push.RECORD_SECONDS, "ten lines")
    assert [record["event"] for record in told()].count("push") == 4
    assert all(record["request_id"] for record in told())
    mine = [record for record in told() if record["request_id"] == request_id]
    assert [record["event"] for record in mine].count("push") == 2
    (came, claimed, answered) = [record for record in mine if record["event"] == "call-notify"]
    assert came["reason"] == "" and claimed["claimed"] == 2 and (answered["answer"], answered["sent"]) == ("rang", 2)
    (came, claimed, answered) = [record for record in told() if record["event"] == "call-cancel"]
    assert came["reason"] == "cancelled" and claimed["claimed"] == 2 and answered["answer"] == "cancelled"
    requests = [record for record in api.log_records() if record.get("event") == "request"]
    assert request_id in [record["request_id"] for record in requests]
    ids = {record["push_id"] for record in told() if record["event"] == "push"}
    assert ids == {row.push_id for row in push.log_rows(callee)}


def test_a_call_that_rings_nobody(api, account):
    called = push.ring(api, account)
    assert called.status == "no_registrations"
    wait_written(called.call_id, 1)
    told = [what for _, what in moments(trace(called.call_id))]
    assert len(told) == 2 and told[1] == "call-notify answered: no_registrations, sent 0"


def test_a_retransmission_is_told_as_one(api, fake):
    callee = push.Callee(api, push.ios())
    called = push.rung(api, callee, 1)
    assert push.ring(api, callee, call_id=called.call_id).sent == 1
    wait_written(called.call_id, 2)
    told = [what for _, what in moments(trace(called.call_id))]
    assert "call-notify answered: repeated, sent 1" in told
    assert len([what for what in told if what.startswith("call push to")]) == 1


def test_a_call_to_several(api, fake):
    first, second = push.Callee(api, push.ios()), push.Callee(api, push.android())
    called = push.rung(api, first, 1)
    assert push.ring(api, second, call_id=called.call_id).sent == 1
    push.wait_log(second, 1)
    wait_written(called.call_id, 2)
    said = trace(called.call_id)
    assert first.jid in said and second.jid in said
    assert len([at for at, _ in moments(said) if at == 0]) >= 2


def test_a_call_under_way(api, fake):
    callee, call_id = push.Callee(api, push.ios()), push.new_call_id()
    crash("push.claimed", lambda doomed: push.notify(doomed, callee, call_id=call_id), **fake.env())
    assert "claimed; no answer is known (yet)" in trace(call_id)


def test_a_call_id_moves_no_cursor(api, fake):
    callee = push.Callee(api, push.ios())
    evil = "\x1b[2J\x9b1mevil\r\n" + push.new_call_id()
    assert notify_as(api, callee, evil, "evil") == 1
    wait.until(lambda: "call push to" in run(evil).stdout, push.RECORD_SECONDS, "the push is told")
    wait_written(evil, 1)
    done = run(evil)
    assert done.returncode == 0 and "evil" in done.stdout
    logged = [line for line in api.log().splitlines() if "evil" in line]
    for text in (done.stdout, *logged):
        assert not [c for c in text if (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0) and c != "\n"]
    assert len(logged) >= 4 and not [line for line in logged if r"\u001b" in line]


def test_an_account_that_is_deleted_takes_it_along(api, fake):
    callee = push.Callee(api, push.ios())
    called = push.rung(api, callee, 1)
    push.wait_log(callee, 1)
    wait_written(called.call_id, 1)
    assert rest.delete(api, callee.token, callee.username, callee.password).status == 200
    assert run(called.call_id).returncode == 1


def test_a_call_that_nobody_knows(migrated):
    done = run("no-such-call")
    assert done.returncode == 1
    assert done.stdout == "" and "nothing is known" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("",), ("one", "two")])
def test_what_is_no_call_id_is_refused(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr


def test_without_the_database_it_fails_plainly():
    done = run("call", DB_URL=None, DB_HOST="127.0.0.1", DB_PORT="1")
    assert done.returncode == 1
    assert done.stdout == "" and "database" in done.stderr
    assert secrets.leaked_in(done.stderr) == []
