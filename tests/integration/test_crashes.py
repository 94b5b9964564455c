"""The server dies in the middle of a change of an account: after its restart the account is whole, or gone everywhere.

The debug build kills itself at the point that VEIL_FAULT names, as a power cut would.
"""

import concurrent.futures
import threading

import pytest

from support import account_state, api_process, database, metrics, rest, secrets, wait
from support.crashing import crash
from support.ejabberd_proxy import EjabberdProxy

SETTLE_SECONDS = 15
REGISTER_POINTS = ("register.claimed", "register.created", "register.committed")
DELETE_POINTS = ("delete.claimed", "delete.left", "delete.unregistered", "delete.committed")
PASSWORD_POINTS = ("password.claimed", "password.changed", "password.committed")


@pytest.fixture
def existing():
    with api_process.ApiProcess() as api:
        return rest.Account(api)


def crashed_registration(point):
    username, password = rest.new_name(), secrets.password()
    crash(point, lambda api: rest.register(api, username, password))
    return username, password


@pytest.mark.parametrize("point", REGISTER_POINTS)
def test_a_broken_registration_ends_whole_or_gone(point):
    username, password = crashed_registration(point)
    with api_process.ApiProcess() as api:

        def settled():
            return account_state.is_gone(api, username, password) or account_state.is_whole(api, username, password)

        wait.until(settled, SETTLE_SECONDS, "the account is whole or gone")
        if point == "register.committed":
            account_state.assert_whole(api, username, password)


@pytest.mark.parametrize("point", REGISTER_POINTS)
def test_the_client_that_tries_again_gets_its_account(point):
    username, password = crashed_registration(point)
    with api_process.ApiProcess() as api:
        answer = rest.register(api, username, password)
        assert answer.status == 201, answer
        account_state.assert_whole(api, username, password)
        assert rest.turn(api, answer.json()["token"]).status == 200


def test_a_client_that_tries_again_while_its_account_is_being_removed_gets_a_whole_one():
    username, password = crashed_registration("register.created")
    database.rows("UPDATE account_operations SET lease_until = now(), created_at = now() - interval '1 minute'")
    removing, go_on = threading.Event(), threading.Event()

    def held_up(forward):
        removing.set()
        go_on.wait(SETTLE_SECONDS)
        return forward()

    with EjabberdProxy() as proxy, proxy.failing("unregister", held_up, user=username):
        with api_process.ApiProcess(**proxy.env()) as api, concurrent.futures.ThreadPoolExecutor(1) as pool:
            assert removing.wait(SETTLE_SECONDS)
            transactions = lambda: metrics.scrape(api).total("veil_db_transactions_total")  # noqa: E731
            repeated = pool.submit(rest.register, api, username, password)
            metrics.wait_in_hand(api, 1)
            before = transactions()
            looked = lambda: repeated.done() or transactions() >= before + 5  # noqa: E731
            wait.until(looked, SETTLE_SECONDS, "the repeated registration has looked")
            go_on.set()
            assert repeated.result().status == 201
            account_state.assert_whole(api, username, password)


@pytest.mark.parametrize("point", REGISTER_POINTS)
def test_another_client_gets_the_name_only_when_it_is_free(point):
    username, password = crashed_registration(point)
    other = secrets.password()
    with api_process.ApiProcess() as api:

        def decided():
            taken = rest.register(api, username, other).status == 201
            return account_state.whole_with(api, username, *((other,) if taken else (password, other)))

        winner = wait.until(decided, SETTLE_SECONDS, "the name belongs to one of the two")
        loser = password if winner == other else other
        account_state.assert_whole(api, username, winner)
        assert rest.login(api, username, loser).status == 401


@pytest.mark.parametrize("point", DELETE_POINTS)
def test_a_broken_deletion_ends_gone(existing, point):
    crash(point, lambda api: rest.delete(api, existing.token, existing.username, existing.password))
    with api_process.ApiProcess() as api:
        assert rest.turn(api, existing.token).status == 401  # revoked from the first moment on
        wait.until(
            lambda: account_state.is_gone(api, existing.username, existing.password), SETTLE_SECONDS, "the account is gone"
        )
        new = secrets.password()
        wait.until(lambda: rest.register(api, existing.username, new).status == 201, SETTLE_SECONDS, "the name is free")
        account_state.assert_whole(api, existing.username, new)
        assert rest.turn(api, existing.token).status == 401


@pytest.mark.parametrize("point", PASSWORD_POINTS)
def test_a_broken_password_change_leaves_one_password(existing, point):
    new = secrets.password()
    crash(point, lambda api: rest.change_password(api, existing.token, existing.password, new))
    with api_process.ApiProcess() as api:
        winner = wait.until(
            lambda: account_state.whole_with(api, existing.username, existing.password, new),
            SETTLE_SECONDS,
            "one password counts everywhere",
        )
        if point != "password.claimed":
            assert winner == new
        # The earlier tokens are revoked exactly when the change took effect.
        assert rest.turn(api, existing.token).status == (401 if winner == new else 200)
        token = rest.login(api, existing.username, winner).json()["token"]
        assert rest.turn(api, token).status == 200
