"""What is kept of pushes: a week of the log, an hour of calls."""

from support import api_process, database, push, rest, wait

OLD_LINES = 2_500  # more than two batches


def count(what):
    return int(database.rows(f"SELECT count(*) FROM {what}")[0][0])


def write_log(jid, age, lines=1):
    database.rows(
        "INSERT INTO push_log (at, call_id, jid, device_id, platform, provider, kind, attempt, outcome, reason, "
        f"milliseconds, push_id) SELECT now() - interval '{age}', 'c', {database.quoted(jid)}, 'd', 'ios', 'apns', 'call', "
        f"1, 'accepted', '', 1, gen_random_uuid() FROM generate_series(1, {lines})"
    )


def write_call(jid, age):
    database.rows(
        f"INSERT INTO push_calls (callee, call_id, claimed_at, lease_until) VALUES ({database.quoted(jid)}, "
        f"{database.quoted(push.new_call_id())}, now() - interval '{age}', now())"
    )


def test_old_lines_and_calls_go_and_young_ones_stay():
    jid = rest.jid(rest.new_name())
    write_log(jid, "7 days 1 minute", OLD_LINES)
    write_log(jid, "6 days 23 hours", 3)
    write_call(jid, "61 minutes")
    write_call(jid, "59 minutes")
    mine = f"push_log WHERE jid = {database.quoted(jid)}"
    with api_process.ApiProcess():
        wait.until(lambda: count(mine) <= 3, 10, "the old lines are gone")
        calls = f"push_calls WHERE callee = {database.quoted(jid)}"
        wait.until(lambda: count(calls) <= 1, 10, "the old call is gone")
        assert (count(mine), count(calls)) == (3, 1)
