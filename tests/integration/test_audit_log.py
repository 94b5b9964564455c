"""The audit trail: who did what, from where, and what came of it; one line each, and never a secret."""

import os
import stat

import pytest

from support import api_process, groups, muc, push, rest, secrets, stack, wait, xmpp_client
from support.audit import AuditLog
from support.crashing import crash
from support.secret_files import SecretFiles, new_secret

FROM_HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def trail(tmp_path_factory):
    return AuditLog(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def api(trail):
    with api_process.ApiProcess(**trail.env()) as process:
        yield process
        process.stop()
        trail.records()  # once more, after the last line


def ask(api, request_id, method, path, body, token=None):
    return rest.call(api, method, path, body, token, headers=[f"X-Request-Id: {request_id}"])


def new_id(event):
    return f"{event}-{push.new_call_id()}"


def noted(trail, event, request_id, account, outcome):
    """The one line of a request."""
    record = trail.wait_one(request_id=request_id)
    found = {name: record[name] for name in ("event", "account", "address", "outcome")}
    assert found == {"event": event, "account": account, "address": FROM_HERE, "outcome": outcome}
    return record["detail"]


def test_a_registration(api, trail):
    name, password = rest.new_name(), secrets.password()
    for outcome, status in (("ok", 201), ("name_taken", 409)):
        request_id = new_id("registration")
        body = {"username": name.upper(), "password": password if status == 201 else secrets.password()}
        answer = ask(api, request_id, "POST", "/account/register", body)
        assert answer.status == status
        if status == 201:
            secrets.remember(answer.json()["token"])
        assert noted(trail, "registration", request_id, rest.jid(name), outcome) == ""


def test_a_login_that_fails_and_none_that_succeeds(api, trail, account):
    for name, outcome in ((account.username, "wrong_credentials"), (rest.new_name("nobody"), "wrong_credentials")):
        request_id = new_id("login")
        body = {"username": name, "password": secrets.password()}
        assert ask(api, request_id, "POST", "/account/login", body).status == 401
        noted(trail, "login_failure", request_id, rest.jid(name), outcome)
    request_id = new_id("login")
    assert ask(api, request_id, "POST", "/account/login", vars_of(account)).status == 200
    assert rest.logout(api, account.token).status == 200
    trail.wait_one(event="logout", account=account.jid)  # it comes behind what the login might have left
    assert trail.records(request_id=request_id) == []


def vars_of(account):
    return {"username": account.username, "password": account.password}


def test_a_password_change(api, trail, account):
    new = secrets.password()
    for old, outcome, status in ((secrets.password(), "wrong_credentials", 401), (account.password, "ok", 200)):
        request_id = new_id("password")
        body = {"old_password": old, "new_password": new}
        answer = ask(api, request_id, "POST", "/account/password", body, account.token)
        assert answer.status == status
        noted(trail, "password_change", request_id, account.jid, outcome)
    secrets.remember(answer.json()["token"])


def test_a_logout(api, trail, account):
    request_id = new_id("logout")
    assert ask(api, request_id, "POST", "/account/logout", None, account.token).status == 200
    noted(trail, "logout", request_id, account.jid, "ok")


def test_a_deletion(api, trail, account):
    other = rest.Account(api)
    right = {"jid": account.jid, "password": account.password}
    attempts = (
        (right | {"jid": other.jid}, "not_the_callers", 403),
        (right | {"password": secrets.password()}, "wrong_credentials", 401),
        (right, "ok", 200),
    )
    for body, outcome, status in attempts:
        request_id = new_id("deletion")
        assert ask(api, request_id, "DELETE", "/account", body, account.token).status == status
        noted(trail, "deletion", request_id, account.jid, outcome)


def test_what_an_outage_stops_has_failed(trail):
    dead = {"EJABBERD_API_URL": "https://127.0.0.1:1/api"}
    with api_process.ApiProcess(**trail.env() | dead) as api:
        request_id, name = new_id("outage"), rest.new_name()
        body = {"username": name, "password": secrets.password()}
        assert ask(api, request_id, "POST", "/account/register", body).status == 502
        noted(trail, "registration", request_id, rest.jid(name), "failed")


def test_what_was_finished_in_the_background(api, trail, account):
    """By whichever server comes first; they write to one trail."""
    crash("delete.left", lambda api: rest.delete(api, account.token, account.username, account.password), **trail.env())
    mine = {"event": "deletion", "account": account.jid}
    wait.until(lambda: trail.records(**mine), 20, "the deletion is finished")
    record = trail.wait_one(**mine)
    assert {name: record[name] for name in ("address", "outcome", "detail")} == {
        "address": "",
        "outcome": "ok",
        "detail": "in the background",
    }


def test_a_group_gets_another_owner(api, trail, account):
    other, member = rest.Account(api), rest.Account(api)
    group = groups.created(api, account, members=[other, member])
    base = f"/groups/{group.group_id}/members"
    changes = [  # method, path, body, who is what afterwards
        ("PUT", f"{base}/{other.jid}", {"affiliation": "owner"}, f"{other.jid} was member, is owner"),
        ("PUT", f"{base}/{account.jid}", {"affiliation": "admin"}, f"{account.jid} was owner, is admin"),
    ]
    for method, path, body, expected in changes:
        request_id = new_id("owner")
        assert ask(api, request_id, method, path, body, account.token).status == 200
        assert noted(trail, "group_owner", request_id, account.jid, "ok") == f"group {group.group_id}: {expected}"
    quiet = new_id("role")
    assert ask(api, quiet, "PUT", f"{base}/{member.jid}", {"affiliation": "admin"}, other.token).status == 200
    request_id = new_id("owner")
    assert ask(api, request_id, "PUT", f"{base}/{member.jid}", {"affiliation": "owner"}, other.token).status == 200
    noted(trail, "group_owner", request_id, other.jid, "ok")
    assert trail.records(request_id=quiet) == [], "no owner was made or lost"
    request_id = new_id("leave")
    assert ask(api, request_id, "DELETE", f"{base}/{member.jid}", None, member.token).status == 200
    assert noted(trail, "group_owner", request_id, member.jid, "ok").endswith(f"{member.jid} was owner, is none")


def test_a_group_is_handed_over_by_the_deletion_of_its_owner(api, trail, account):
    heir = rest.Account(api)
    group = groups.created(api, account, members=[heir])
    request_id = new_id("deletion")
    body = {"jid": account.jid, "password": account.password}
    assert ask(api, request_id, "DELETE", "/account", body, account.token).status == 200
    record = trail.wait_one(request_id=request_id, event="group_owner")
    assert (record["account"], record["address"], record["outcome"]) == (account.jid, FROM_HERE, "ok")
    assert record["detail"] == f"group {group.group_id}: {heir.jid} was member, is owner"
    assert trail.wait_one(request_id=request_id, event="deletion")["outcome"] == "ok"


def test_an_owner_who_is_made_over_xmpp(trail):
    with api_process.ApiProcess(**trail.env() | {"GROUP_SWEEP_SECONDS": "1"}) as api:
        owner, other = rest.Account(api), rest.Account(api)
        group = groups.created(api, owner, members=[other])
        with xmpp_client.Session(owner.username, owner.password) as session:
            muc.Room(session, group.jid).join().set_affiliation(other.jid, "owner")
        detail = f"group {group.group_id}: {other.jid} was member, is owner, over XMPP"
        wait.until(lambda: trail.records(detail=detail), 30, "the new owner is noted")
        assert [record["event"] for record in trail.records(detail=detail)] == ["group_owner"]


def test_a_webhook_that_is_refused(api, trail):
    for path in ("/push/call-notify", "/push/call-cancel"):
        request_id = new_id("webhook")
        headers = [f"X-Request-Id: {request_id}", f"X-Webhook-Secret: {new_secret()}"]
        assert rest.call(api, "POST", path, push.call_body("nobody_here"), headers=headers).status == 401
        assert noted(trail, "webhook_refused", request_id, "", "wrong_secret") == f"/api/v1{path}"
    assert push.notify(api, "nobody_here").status == 200


def test_commands_of_an_administrator(tmp_path):
    trail = AuditLog(tmp_path)
    env = stack.api_environment() | trail.env()
    assert api_process.run("migrate", env=env, seconds=60).returncode == 0
    jid = rest.jid(rest.new_name())
    assert api_process.run("push", "explain", jid, env=env).returncode == 0
    dead = env | {"DB_URL": "postgresql://veil:x@127.0.0.1:1/veil"}
    assert api_process.run("push", "explain", jid, env=dead).returncode == 1
    assert api_process.run("trace", push.new_call_id(), env=env).returncode == 1  # nothing is known of it
    found = [(record["event"], record["account"], record["outcome"], record["detail"]) for record in trail.records()]
    uid = os.getuid()
    assert found == [
        ("admin_command", "", "ok", f"migrate, by uid {uid}"),
        ("admin_command", jid, "ok", f"push explain, by uid {uid}"),
        ("admin_command", jid, "failed", f"push explain, by uid {uid}"),
        ("admin_command", "", "ok", f"trace, by uid {uid}"),
    ]


def test_a_reload_of_the_configuration(tmp_path):
    trail, files = AuditLog(tmp_path), SecretFiles(tmp_path, TURN_SECRET=new_secret(), WEBHOOK_SECRET=new_secret())
    with api_process.ApiProcess(**trail.env() | files.env()) as api:
        api.reload()
        assert trail.wait_one(event="configuration_reload")["detail"] == "nothing has changed"
        files.put("TURN_SECRET", new_secret())
        files.put("WEBHOOK_SECRET", "")
        api.reload()
        assert trail.wait_one(event="configuration_reload", detail="TURN_SECRET")["outcome"] == "ok"
        assert trail.wait_one(event="configuration_reload", detail="WEBHOOK_SECRET")["outcome"] == "refused"


def logouts(trail):
    return [record["account"] for record in trail.records(event="logout")]


def log_one_out(api):
    account = rest.Account(api)
    assert rest.logout(api, account.token).status == 200
    return account.jid


def test_the_file_can_be_moved_away(tmp_path):
    """As logrotate does it: rename, then SIGHUP."""
    trail, moved = AuditLog(tmp_path), AuditLog(tmp_path, "audit.log.1")
    with api_process.ApiProcess(**trail.env()) as api:
        first = log_one_out(api)
        trail.wait_one(event="logout")
        trail.path.rename(moved.path)
        second = log_one_out(api)
        wait.until(lambda: len(logouts(moved)) == 2, 5, "the second line in the old file")
        api.reload()
        third = log_one_out(api)
        trail.wait_one(event="logout")
    assert logouts(moved) == [first, second]
    assert logouts(trail) == [third]
    for log in (trail, moved):
        assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_without_a_place_to_move_to_the_old_file_stays_in_use(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    trail = AuditLog(folder)
    with api_process.ApiProcess(**trail.env()) as api:
        folder.rename(tmp_path / "elsewhere")
        assert "reload: AUDIT_LOG is refused, the one before stays" in api.reload()
        account = log_one_out(api)
        assert AuditLog(tmp_path / "elsewhere").wait_one(event="logout")["account"] == account


def test_two_processes_share_a_file(tmp_path):
    trail = AuditLog(tmp_path)
    with api_process.ApiProcess(**trail.env()) as first, api_process.ApiProcess(**trail.env()) as second:
        gone = [log_one_out(api) for api in (first, second) * 3]
        wait.until(lambda: len(logouts(trail)) == len(gone), 5, "all lines")
        assert sorted(logouts(trail)) == sorted(gone)


def test_a_file_that_cannot_be_opened_is_a_clear_fault(tmp_path):
    env = stack.api_environment() | {"AUDIT_LOG": str(tmp_path / "missing" / "audit.log")}
    for command in (("serve",), ("migrate",), ("push", "explain", rest.jid("nobody"))):
        done = api_process.run(*command, env=env)
        assert done.returncode == 1
        assert "AUDIT_LOG" in done.stderr and "No such file" in done.stderr


def test_without_a_word_it_goes_to_stderr():
    env = {name: value for name, value in stack.api_environment().items() if name != "AUDIT_LOG"}
    done = api_process.run("migrate", env=env, seconds=60)
    assert done.returncode == 0
    assert sum('"log":"audit"' in line and '"event":"admin_command"' in line for line in done.stderr.splitlines()) == 1
