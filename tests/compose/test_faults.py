"""What becomes of the data and of those who use them when containers stop, start, and are killed."""

import time

import engine
import pytest
from support import raw_http, rest, wait, xmpp_client

STOP_SECONDS = 10
BACK_SECONDS = 60
LOGIN = "/api/v1/account/login"


def signs_in_everywhere(api, account):
    assert rest.login(api, account.username, account.password).status == 200
    assert xmpp_client.can_log_in(account.username, account.password)


def kamailio_keys():
    text = engine.compose("exec", "-T", "kamailio", "grep", "define .*_KEY ", "/var/lib/veil/kamailio/kamailio.cfg")
    assert len(set(text.split()) - {"#!define"}) == 4, "two keys, each another one"
    return text


def assert_ends_by_sigterm(service):
    """Cleanly and soon. It has the signal when the first command ends. Others may have noticed that it was away."""
    one = engine.container(service)
    engine.docker("kill", "--signal", "TERM", one)
    begun = time.monotonic()
    code = engine.docker("wait", one).strip()
    took = time.monotonic() - begun
    engine.docker("start", one)
    wait.until(engine.healthy, BACK_SECONDS, "all are healthy again")
    assert code == "0"
    assert took <= STOP_SECONDS, f"{took:.1f} s"


@pytest.mark.parametrize("service", engine.SERVICES)
def test_sigterm_ends_it_cleanly_and_soon(service):
    assert_ends_by_sigterm(service)


def test_sigterm_ends_the_api_soon_in_the_middle_of_a_request(api):
    with raw_http.Wire(api.port) as wire:
        wire.send(raw_http.head("POST", LOGIN, "Content-Length: 100", "Expect: 100-continue"))
        assert wire.read().status == 100  # it waits for the body, which never comes whole
        wire.send("{")
        assert_ends_by_sigterm("api")


def test_stop_and_start_keep_the_data(api, account):
    with xmpp_client.Session(account.username, account.password) as session:
        session.send(account.jid, "remember this")
        wait.until(lambda: "remember this" in session.archive(), 10, "the archive has it")
    engine.compose("stop")
    assert not api.ready()
    engine.up()
    signs_in_everywhere(api, account)
    with xmpp_client.Session(account.username, account.password) as session:
        assert set(session.archive()) == {"remember this"}
    assert rest.turn(api, account.token).status == 200


def test_new_containers_keep_the_data(api, account):
    calls_are_marked_with = kamailio_keys()
    engine.compose("down")
    engine.up()
    signs_in_everywhere(api, account)
    assert kamailio_keys() == calls_are_marked_with  # those that were under way can still be ended


def test_the_database_is_healthy_only_when_it_is_there_to_stay(api):
    """Its first run, which makes the roles, is not what the health check asks."""
    one = engine.container("db")
    engine.docker("restart", one)
    watch = "until docker/probe.sh db; do :; done; grep -l [l]isten-addresses /proc/[0-9]*/cmdline; echo healthy"
    assert engine.docker("exec", one, "sh", "-c", watch) == "healthy\n"
    api.wait_ready(BACK_SECONDS)


def test_nothing_acknowledged_is_lost_when_the_database_is_killed(api):
    accounts = [rest.Account(api) for _ in range(5)]
    server = engine.inspect(engine.container("api"))["State"]["StartedAt"]
    engine.crash(engine.container("db"))
    wait.until(lambda: not api.ready(), 10, "the API notices")
    api.wait_ready(BACK_SECONDS)
    for account in accounts:
        signs_in_everywhere(api, account)
    rest.Account(api)
    assert engine.inspect(engine.container("api"))["State"]["StartedAt"] == server, "the API had to be restarted"


@pytest.mark.parametrize("service", [name for name in engine.SERVICES if name != "db"])
def test_what_is_killed_comes_back(api, account, service):
    one = engine.container(service)
    before = engine.inspect(one)["State"]["StartedAt"]  # while it waits for its restart, its health is that from before
    engine.crash(one)
    wait.until(lambda: engine.inspect(one)["State"]["StartedAt"] != before, 30, f"{service} is started again")
    wait.until(lambda: engine.healthy(service), BACK_SECONDS, f"{service} is healthy")
    api.wait_ready(BACK_SECONDS)
    signs_in_everywhere(api, account)
