"""Many requests for one account at the same moment leave one whole account behind."""

import pytest

from support import account_state, api_process, raw_http, rest, secrets
from support.concurrency import together

AT_ONCE = 20


@pytest.fixture(scope="module")
def second():
    with api_process.ApiProcess() as process:
        yield process
        process.stop()


@pytest.mark.parametrize("processes", [1, 2])
def test_of_many_passwords_for_one_name_exactly_one_wins(api, second, processes):
    username = rest.new_name()
    passwords = [secrets.password() for _ in range(AT_ONCE)]
    servers = [api, second][:processes] * AT_ONCE
    pairs = zip(servers, passwords, strict=False)
    answers = together([lambda at=at, p=p: rest.register(at, username, p) for at, p in pairs])
    winners = [p for p, answer in zip(passwords, answers, strict=True) if answer.status == 201]
    assert len(winners) == 1, answers
    for answer in answers:
        if answer.status != 201:
            raw_http.assert_error(answer, 409, "That username is already taken.")
    losers = [password for password in passwords if password not in winners]
    assert account_state.whole_with(api, username, winners[0], *losers[:3]) == winners[0]


def test_one_request_sent_many_times_makes_one_account(api, second):
    username, password = rest.new_name(), secrets.password()
    answers = together([lambda at=at: rest.register(at, username, password) for at in (api, second) * (AT_ONCE // 2)])
    assert {answer.status for answer in answers} <= {201, 409}, answers
    assert 201 in {answer.status for answer in answers}
    for answer in answers:
        if answer.status == 201:
            assert rest.turn(api, answer.json()["token"]).status == 200
    account_state.assert_whole(api, username, password)


def test_many_names_at_once_all_get_their_account(api):
    wanted = [(rest.new_name(), secrets.password()) for _ in range(AT_ONCE)]
    answers = together([lambda pair=pair: rest.register(api, *pair) for pair in wanted])
    assert {answer.status for answer in answers} == {201}, answers
    for username, password in wanted:
        assert rest.login(api, username, password).status == 200


def test_two_password_changes_at_once_leave_one_password(api, account):
    first, second = secrets.password(), secrets.password()

    def change_to(new):
        return lambda: rest.change_password(api, account.token, account.password, new)

    answers = together([change_to(first), change_to(second)])
    assert 200 in {answer.status for answer in answers}, answers
    assert account_state.whole_with(api, account.username, first, second, account.password) in (first, second)


def test_a_deletion_and_a_password_change_at_once_leave_no_half_account(api, account):
    new = secrets.password()
    deleted, _ = together(
        [
            lambda: rest.delete(api, account.token, account.username, account.password),
            lambda: rest.change_password(api, account.token, account.password, new),
        ]
    )
    if deleted.status == 200:
        assert account_state.is_gone(api, account.username, account.password, new)
    else:
        assert account_state.whole_with(api, account.username, account.password, new) is not None
