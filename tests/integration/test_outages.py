"""PostgreSQL or ejabberd is stopped, or accepts connections and never answers: clients are told at once that it is our
fault, never that their password is wrong or the name taken, and everything works again without a restart."""

import concurrent.futures
import time

import pytest

from support import account_state, api_process, raw_http, rest, secrets, stack, wait

ANSWER_SECONDS = 9  # what waits for one time-out has its answer by then, what waits for two has not
RECOVERY_SECONDS = 10
TEXTS = {
    "register": "Registration service unavailable. Please try again later.",
    "login": "Authentication service unavailable.",
}


def readiness(api):
    return raw_http.request(api.port, "GET", "/readyz")


def assert_unavailable(answer, seconds, text=None):
    assert answer.status in (502, 503), answer
    raw_http.assert_error(answer, answer.status, text if answer.status == 502 else None)
    assert seconds <= ANSWER_SECONDS


def timed(call):
    begin = time.monotonic()
    answer = call()
    return answer, time.monotonic() - begin


def all_requests(api, account, service):
    """Every kind of request that needs the missing service, with the text that the contract gives for its failure, and
    a status that is the truth all the same: our own database knows that a name is taken."""
    free = rest.new_name()
    taken = 409 if service == "ejabberd" else None
    return [
        (lambda: rest.login(api, account.username, account.password), TEXTS["login"], None),
        (lambda: rest.login(api, account.username, "a wrong password"), TEXTS["login"], None),
        (lambda: rest.login(api, rest.new_name("nobody"), "a wrong password"), TEXTS["login"], None),
        (lambda: rest.register(api, free, secrets.password()), TEXTS["register"], None),
        (lambda: rest.register(api, account.username, secrets.password()), TEXTS["register"], taken),
        (lambda: rest.delete(api, account.token, account.username, account.password), TEXTS["register"], None),
        (lambda: rest.change_password(api, account.token, account.password, secrets.password()), None, None),
    ]


OUTAGES = {
    "PostgreSQL stopped": (stack.stopped, "db", "database"),
    "PostgreSQL frozen": (stack.frozen, "db", "database"),
    "ejabberd stopped": (stack.stopped, "ejabberd", "ejabberd"),
    "ejabberd frozen": (stack.frozen, "ejabberd", "ejabberd"),
}


def assert_all_unavailable(api, account, service):
    calls = all_requests(api, account, service)
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        running = [(pool.submit(timed, call), text, also_true) for call, text, also_true in calls]
    for future, text, also_true in running:
        answer, seconds = future.result()
        if answer.status != also_true:
            assert_unavailable(answer, seconds, text)


def assert_readiness_names(api, check, healthy):
    def named():
        answer = readiness(api)
        return answer if answer.status == 503 else None

    answer = wait.until(named, ANSWER_SECONDS, "readiness is lost")
    content = answer.json()
    assert list(content) == ["status", "checks"]
    assert content["status"] != healthy["status"]
    assert content["checks"][check] != healthy["checks"][check]
    if check == "ejabberd":
        assert content["checks"]["database"] == healthy["checks"]["database"]
    alive = raw_http.request(api.port, "GET", "/healthz")
    assert alive.status == 200


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_told_as_one_and_ends_by_itself(api, outage):
    interrupt, service, check = OUTAGES[outage]
    account = rest.Account(api)
    healthy = wait.until(lambda: readiness(api).status == 200 and readiness(api), RECOVERY_SECONDS, "ready").json()
    assert list(healthy["checks"]) == ["database", "ejabberd"]
    with interrupt(service):
        assert_all_unavailable(api, account, service)
        assert_readiness_names(api, check, healthy)
        # What needs neither service goes on.
        assert rest.call(api, "GET", "/server/info").status == 200
        assert rest.turn(api, account.token).status == 200
    mine, late = (account.username, account.password), (rest.new_name(), secrets.password())
    wait.until(lambda: rest.login(api, *mine).status == 200, RECOVERY_SECONDS, "login works again")
    wait.until(lambda: rest.register(api, *late).status == 201, RECOVERY_SECONDS, "registering works again")
    wait.until(lambda: readiness(api).status == 200, RECOVERY_SECONDS, "ready again")
    assert readiness(api).json() == healthy
    raw_http.assert_error(rest.login(api, account.username, "a wrong password"), 401, "Invalid username or password.")
    account_state.assert_whole(api, account.username, account.password)
    account_state.assert_whole(api, *late)


def test_a_registration_that_failed_in_an_outage_can_be_repeated(api):
    username, password = rest.new_name(), secrets.password()
    with stack.frozen("ejabberd"):
        assert rest.register(api, username, password).status in (502, 503)
    wait.until(lambda: rest.register(api, username, password).status == 201, RECOVERY_SECONDS, "the repeated request")
    account_state.assert_whole(api, username, password)


def test_a_server_that_starts_without_the_database_serves_when_it_comes():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with stack.stopped("db"):
            starting = pool.submit(api_process.ApiProcess)
            ended = concurrent.futures.wait([starting], timeout=2).done
            assert not ended, "the server neither gives up nor says that it listens"
        with starting.result() as api:
            wait.until(lambda: readiness(api).status == 200, RECOVERY_SECONDS, "ready")


def test_a_server_that_starts_without_ejabberd_serves_when_it_comes():
    with stack.stopped("ejabberd"):
        api = api_process.ApiProcess()
        assert readiness(api).status == 503
        assert raw_http.request(api.port, "GET", "/healthz").status == 200
    with api:
        wait.until(lambda: readiness(api).status == 200, RECOVERY_SECONDS, "ready")
        assert rest.Account(api).token
