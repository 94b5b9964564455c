"""After a whole story nothing secret and nobody's full address stands in any log, and every request left one line."""

import re

from support import api_process, rest, secrets, stack, tokens, xmpp_client


def story(api):
    """Everything a user does, also what goes wrong."""
    account = rest.Account(api, "story")
    wrong, new = secrets.password(), secrets.password()
    assert rest.login(api, account.username, wrong).status == 401
    assert rest.register(api, account.username, wrong).status == 409
    assert rest.turn(api, account.token).status == 200
    assert rest.turn(api, tokens.sign({"sub": account.jid, "exp": 1})).status == 401
    assert rest.call(api, "GET", f"/turn/credentials?token={account.token}&jid={account.jid}").status == 401
    assert rest.call(api, "GET", f"/{account.jid}/{wrong}").status == 404
    assert rest.call(api, "POST", "/account/login", b'{"username":"x","password":"%s"' % wrong.encode()).status == 422
    assert xmpp_client.can_log_in(account.username, account.password)
    assert not xmpp_client.can_log_in(account.username, wrong)
    renewed = rest.change_password(api, account.token, account.password, new).json()["token"]
    assert rest.logout(api, renewed).status == 200
    token = rest.login(api, account.username, new).json()["token"]
    assert rest.delete(api, token, account.username, wrong).status == 401
    assert rest.delete(api, token, account.username, new).status == 200
    return account


def test_no_log_tells_a_secret():
    with api_process.ApiProcess(LOG_LEVEL="debug") as api:
        account = story(api)
        with stack.stopped("db"):  # what fails is logged at greater length
            assert rest.login(api, account.username, account.password).status in (502, 503)
    api.assert_log_clean()
    assert account.username not in api.log()
    logs = [path for path in stack.STATE.rglob("*.log*") if path.is_file()]
    assert logs
    for path in logs:
        text = path.read_text(errors="replace")
        assert secrets.leaked_in(text) == [], path
        assert not [name for name, value in stack.secrets().items() if value in text], path


def test_every_request_leaves_one_line_with_its_id():
    with api_process.ApiProcess() as api:
        ids = [f"line-{number}" for number in range(5)]
        for request_id in ids:
            assert rest.call(api, "GET", "/server/info", headers=[f"X-Request-Id: {request_id}"]).status == 200
    found = [record for record in api.log_records() if record.get("event") == "request"]
    assert [record["request_id"] for record in found] == ids
    for record in found:
        assert (record["method"], record["route"], record["status"]) == ("GET", "/api/v1/server/info", 200)


def test_a_log_line_cannot_be_forged():
    forged = 'x","level":"error","message":"forged'
    with api_process.ApiProcess() as api:
        rest.call(api, "GET", "/nothing", headers=[f"X-Request-Id: {forged}", f"User-Agent: {forged}"])
    assert "forged" not in api.log()
    assert all(line.startswith("{") for line in api.log().splitlines())
    assert len(api.log_records()) == len(api.log().splitlines())


def test_the_text_form_is_lines_of_text():
    with api_process.ApiProcess(LOG_FORMAT="text") as api:
        assert rest.call(api, "GET", "/server/info").status == 200
    assert any(re.search(r"\brequest\b.*route=.*/api/v1/server/info", line) for line in api.log().splitlines())
