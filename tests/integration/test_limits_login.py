"""Guessing passwords: who guesses wrong has to wait, and nobody else does. The database's rows are moved in time where a
test would have to wait for minutes."""

import itertools

import pytest

from support import addresses, api_process, database, raw_http, rest, secrets, stack, wait
from support.addresses import At
from support.concurrency import together

FREE = 3  # wrong passwords before the first wait
BUDGET = 12  # of an account, from addresses that it does not know
REFUSED = "Invalid username or password."
LIMITS = {"RATE_LIMIT_LOGIN_FAILURES": str(FREE), "RATE_LIMIT_LOGIN_ACCOUNT": f"2/h,burst={BUDGET}"}


@pytest.fixture(scope="module")
def api():
    with api_process.ApiProcess(**LIMITS) as process:
        yield process
        process.stop()


def guess(here, username):
    return here.login(username, secrets.password())


def until_waiting(ask):
    """Asks with wrong passwords until that is refused: when all free ones are used up, or some later on a slow machine,
    where the first waits may be over before the next guess."""
    for wrong in range(2 * FREE):
        answer = ask()
        if answer.status == 429:
            assert wrong >= FREE
            return answer
        raw_http.assert_error(answer, 401, REFUSED)
    raise AssertionError("never refused")


def guess_until_waiting(here, username):
    return until_waiting(lambda: guess(here, username))


def pass_time(seconds):
    """As if the last guesses had been made `seconds` earlier."""
    database.rows(
        f"UPDATE password_failures SET wait_until = wait_until - interval '{seconds} s',"
        f" failed_at = failed_at - interval '{seconds} s', forget_at = forget_at - interval '{seconds} s'"
    )


def test_who_guesses_wrong_waits_longer_each_time(api, account):
    here = At(api)
    assert here.login(account.username, account.password).status == 200  # so the account's budget is not touched
    for wrong in range(1, FREE + 12):
        pass_time(1000)
        raw_http.assert_error(guess(here, account.username), 401, REFUSED)
        expected = min(2 ** (wrong - FREE), 900)
        if expected >= 8:  # shorter ones may be over before the next guess
            assert expected - 4 <= addresses.assert_refused(guess(here, account.username)) <= expected
    assert expected == 900


def test_while_one_waits_even_the_right_password_is_not_looked_at(api, account):
    here = At(api)
    addresses.assert_refused(guess_until_waiting(here, account.username))
    pass_time(-60)
    addresses.assert_refused(here.login(account.username, account.password))
    pass_time(58)
    wait.until(lambda: here.login(account.username, account.password).status == 200, 10, "the wait is over")


def test_nobody_else_has_to_wait(api, account):
    attacker, owner = At(api), At(api)
    addresses.assert_refused(guess_until_waiting(attacker, account.username))
    assert owner.login(account.username, account.password).status == 200
    other = rest.Account(api)
    assert attacker.login(other.username, other.password).status == 200


def test_a_right_password_starts_anew(api, account):
    here = At(api)
    for _ in range(3):
        for _ in range(FREE - 1):
            raw_http.assert_error(guess(here, account.username), 401, REFUSED)
        assert here.login(account.username, account.password).status == 200


def test_an_hour_later_it_is_forgotten(api, account):
    here = At(api)
    addresses.assert_refused(guess_until_waiting(here, account.username))
    pass_time(3601)
    addresses.assert_refused(guess_until_waiting(here, account.username))


def test_an_unknown_user_is_treated_like_a_known_one(api, account):
    here = At(api)
    known = guess_until_waiting(here, account.username)
    unknown = guess_until_waiting(here, rest.new_name("nobody"))
    assert known.body == unknown.body
    assert [name for name, _ in known.headers] == [name for name, _ in unknown.headers]
    addresses.assert_refused(unknown)


def test_many_guesses_at_the_same_moment_are_no_way_around(api, account):
    here = At(api)
    answers = together([lambda: guess(here, account.username)] * 20)
    assert sorted({answer.status for answer in answers}) == [401, 429]
    assert sum(answer.status == 401 for answer in answers) < 2 * FREE


def test_guesses_from_everywhere_are_slowed_down_and_the_owner_comes_in(api, account):
    home = At(api)
    assert home.login(account.username, account.password).status == 200
    seen = [guess(At(api), account.username).status for _ in range(BUDGET + 5)]
    assert seen == [401] * BUDGET + [429] * 5
    assert home.login(account.username, account.password).status == 200
    abroad = At(api).login(account.username, account.password)
    assert addresses.policy(abroad)[:2] == ("login-account", BUDGET)
    addresses.assert_refused(abroad)
    assert At(api).login(rest.new_name("x"), "long enough").status == 401


def test_a_budget_stays_used_up_where_transactions_pass_each_other(api, account):
    """One that began earlier finds what a later one wrote: a little more than could have been used up at its time."""
    assert [guess(At(api), account.username).status for _ in range(BUDGET)] == [401] * BUDGET
    database.rows("UPDATE rate_limits SET full_at = full_at + interval '3 s'")
    addresses.assert_refused(guess(At(api), account.username))


def test_what_nobody_could_look_at_counts_for_nothing(api, account):
    here, password = At(api), secrets.password()
    change = {"old_password": account.password, "new_password": password}
    asks = {
        "login": lambda: here.login(account.username, account.password),
        "change of password": lambda: here.call("POST", "/account/password", change, account.token),
    }
    with stack.stopped("ejabberd"):
        for _ in range(BUDGET):
            for ask in asks.values():
                raw_http.assert_error(ask(), 502, "Authentication service unavailable.")

    def answered():
        answer = here.login(account.username, account.password)
        assert answer.status in (200, 502), answer
        return answer.status == 200

    wait.until(answered, 10, "the right password is looked at again")
    raw_http.assert_error(guess(here, account.username), 401, REFUSED)


def test_right_passwords_use_nothing_up(api, account):
    for _ in range(BUDGET + 3):
        assert At(api).login(account.username, account.password).status == 200


@pytest.mark.parametrize("route", ["password", "deletion"])
def test_a_stolen_token_guesses_no_faster(api, account, route):
    here = At(api)
    if route == "password":
        ask = lambda: here.call(
            "POST", "/account/password", {"old_password": secrets.password(), "new_password": "long enough"}, account.token
        )
    else:
        ask = lambda: here.call("DELETE", "/account", {"jid": account.jid, "password": "wrong"}, account.token)
    addresses.assert_refused(until_waiting(ask))
    pass_time(-60)
    addresses.assert_refused(here.login(account.username, account.password))
    assert At(api).login(account.username, account.password).status == 200


def test_two_processes_count_together(api, account):
    with api_process.ApiProcess(**LIMITS) as second:
        here = addresses.new_address()
        turns = itertools.cycle((At(api, here), At(second, here)))
        addresses.assert_refused(until_waiting(lambda: guess(next(turns), account.username)))


def test_an_address_may_try_only_so_many_passwords():
    with api_process.ApiProcess(RATE_LIMIT_LOGIN="1/h,burst=4") as one, api_process.ApiProcess(
        RATE_LIMIT_LOGIN="1/h,burst=4"
    ) as two:
        here = addresses.new_address()
        answers = [guess(At(process, here), rest.new_name("nobody")) for process in (one, two, one, two)]
        assert [addresses.limit(answer)[:2] for answer in answers] == [("login", left) for left in (3, 2, 1, 0)]
        raw_http.assert_error(answers[-1], 401, REFUSED)
        for process in (one, two):
            assert 3000 < addresses.assert_refused(guess(At(process, here), rest.new_name("nobody"))) <= 3600


def test_the_database_does_not_say_who_signs_in_from_where(api, account):
    here = At(api)
    assert here.login(account.username, account.password).status == 200
    content = database.rows("SELECT * FROM password_failures") + database.rows("SELECT * FROM rate_limits")
    assert content
    text = str(content)
    assert account.username not in text and here.address not in text and here.address.split("::")[0] not in text
