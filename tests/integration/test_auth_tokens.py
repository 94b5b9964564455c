"""Which tokens are accepted, and what the client of another one is told."""

import time

import pytest

from support import raw_http, rest, stack, tokens

TARGET = "/api/v1/turn/credentials"
CHALLENGE = 'Bearer error="invalid_token"'
NOW = int(time.time())
DAY = 86400


@pytest.fixture(scope="module")
def owner(api):
    return rest.Account(api)


def ask(api, *lines):
    return raw_http.exchange(api.port, raw_http.head("GET", TARGET, *lines))


def assert_refused(answer, detail="Invalid token", challenge=CHALLENGE):
    raw_http.assert_error(answer, 401, detail)
    assert answer.header("www-authenticate") == challenge


@pytest.mark.parametrize("lines", [(), ("Authorization:",), ("Authorization:   ",)])
def test_without_a_header_nobody_is_authenticated(api, lines):
    assert_refused(ask(api, *lines), "Not authenticated", "Bearer")


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "Bearer2", "Token", "JWT"])
def test_another_scheme_is_refused(api, owner, scheme):
    assert_refused(ask(api, f"Authorization: {scheme} {owner.token}"), "Invalid authentication credentials", "Bearer")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_has_no_case(api, owner, scheme):
    assert ask(api, f"Authorization: {scheme} {owner.token}").status == 200


def test_issued_tokens_say_who_and_until_when(api, owner):
    header, claims = tokens.read(owner.token)
    assert header["alg"] == "HS256"
    assert set(claims) == {"sub", "iat", "exp", "jti"}
    assert claims["sub"] == owner.jid
    assert abs(claims["iat"] - time.time()) < 60
    assert claims["exp"] == claims["iat"] + DAY
    other = tokens.read(rest.login(api, owner.username, owner.password).json()["token"])[1]
    assert other["jti"] != claims["jti"]



@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"iat": NOW - 10, "jti": "something"},
        {"iat": NOW + 30},
        {"nbf": NOW - 10},
        {"nbf": NOW + 30},
        {"exp": NOW + 3600.5},
        {"role": "admin", "scope": ["x"], "iss": "someone"},
    ],
)
def test_tokens_of_the_old_service_and_of_scripts_are_accepted(api, owner, claims):
    assert rest.turn(api, tokens.legacy(owner.jid, **claims)).status == 200


@pytest.mark.parametrize(
    "extra",
    [{"kid": "../../key"}, {"jku": "http://127.0.0.1:1/"}, {"typ": "at+jwt"}, {"x5u": "x", "jwk": {"kty": "oct"}}],
)
def test_what_else_a_token_header_says_is_ignored(api, owner, extra):
    claims = {"sub": owner.jid, "exp": NOW + 3600}
    assert rest.turn(api, tokens.sign(claims, {"alg": "HS256"} | extra)).status == 200


def test_an_expired_token_is_called_expired(api, owner):
    for age in (5, 3600, 10 * DAY):
        assert_refused(rest.turn(api, tokens.legacy(owner.jid, exp=NOW - age)), "Token has expired")


def test_a_token_without_sub_is_called_so(api):
    assert_refused(rest.turn(api, tokens.sign({"exp": NOW + 3600})), "Token missing sub claim")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": [NOW + 3600]},
        {"iat": NOW + 3600},
        {"nbf": NOW + 3600},
        {"iat": "now"},
        {"aud": stack.DOMAIN},
        {"aud": []},
        {"aud": None},
        {"sub": 5},
        {"sub": ["alice"]},
        {"sub": "alice"},
        {"sub": "@" + stack.DOMAIN},
        {"sub": "alice@"},
        {"sub": "alice@other.example"},
        {"sub": f"alice@{stack.DOMAIN}.evil.org"},
        {"sub": f"alice@evil@{stack.DOMAIN}"},
        {"sub": f"alice@{stack.DOMAIN}/phone"},
        {"sub": f"al ice@{stack.DOMAIN}"},
        {"sub": f"alice@{stack.DOMAIN}\n"},
        {"sub": stack.DOMAIN},
    ],
    ids=" ".join,  # not the values: every worker must find the same tests, whenever it looks
)
def test_unacceptable_claims_make_a_token_invalid(api, owner, claims):
    assert_refused(rest.turn(api, tokens.legacy(owner.jid, **claims)))


def test_a_token_without_exp_is_invalid(api, owner):
    assert_refused(rest.turn(api, tokens.sign({"sub": owner.jid})))


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [1e308, -1e308, 2**63, -(2**63), 2**64, 1e19, -1])
def test_dates_beyond_every_clock_break_nothing(api, owner, claim, value):
    answer = rest.turn(api, tokens.legacy(owner.jid, **{claim: value}))
    in_the_future = value > NOW
    assert answer.status == (200 if in_the_future == (claim == "exp") else 401)


@pytest.mark.parametrize(
    ("header", "digest"),
    [
        ({"alg": "none"}, "HS256"),
        ({"alg": "None"}, "HS256"),
        ({"alg": "hs256"}, "HS256"),
        ({"alg": "HS384"}, "HS384"),
        ({"alg": "HS512"}, "HS512"),
        ({"alg": "RS256"}, "HS256"),
        ({"alg": 1}, "HS256"),
        ({"typ": "JWT"}, "HS256"),
        ([], "HS256"),
    ],
    ids=str,
)
def test_the_algorithm_is_not_the_tokens_choice(api, owner, header, digest):
    claims = {"sub": owner.jid, "exp": NOW + 3600}
    assert_refused(rest.turn(api, tokens.sign(claims, header, digest=digest)))


def test_a_token_without_signature_is_invalid(api, owner):
    head, claims = tokens.part({"alg": "none"}), tokens.part({"sub": owner.jid, "exp": NOW + 3600})
    for text in (f"{head}.{claims}.", f"{head}.{claims}", f"{head}.{claims}.{tokens.encode(b'x' * 32)}"):
        assert_refused(rest.turn(api, text))


def test_another_secret_signs_nothing(api, owner):
    for key in ("", "wrong", tokens.SECRET + "x", tokens.SECRET[:-1]):
        assert_refused(rest.turn(api, tokens.sign({"sub": owner.jid, "exp": NOW + 3600}, key=key)))


def test_a_changed_claim_breaks_the_signature(api, owner):
    head, _, signature = owner.token.split(".")
    claims = tokens.part({"sub": rest.jid("someone_else"), "exp": NOW + 3600})
    assert_refused(rest.turn(api, f"{head}.{claims}.{signature}"))


@pytest.mark.parametrize("text", ["x", "..", "a.b", "a.b.c", "a.b.c.d", "." * 100, "%%%.%%%.%%%", "e30.e30.e30", "é.é.é"])
def test_what_is_no_token_is_invalid(api, text):
    assert_refused(rest.turn(api, text))


def test_claims_that_are_no_object_are_invalid(api):
    for value in ([], "text", 5, None, [[[[]]]]):
        assert_refused(rest.turn(api, tokens.sign(value)))


def test_a_token_over_four_kibibytes_is_invalid(api, owner):
    small = tokens.legacy(owner.jid, pad="x" * 2800)
    large = tokens.legacy(owner.jid, pad="x" * 3000)
    assert len(small) <= 4096 < len(large)
    assert rest.turn(api, small).status == 200
    assert_refused(rest.turn(api, large))


def test_an_upper_case_sub_is_the_same_account_and_no_way_around_a_revocation(api):
    account = rest.Account(api)
    token = tokens.legacy(account.jid.upper())
    assert rest.turn(api, token).json()["username"].endswith(f":{account.username}")
    assert rest.change_password(api, account.token, account.password, account.password + "!").status == 200
    assert_refused(rest.turn(api, token), "Token has been revoked")


@pytest.mark.parametrize("kind", ["issued", "legacy"])
def test_a_logged_out_token_is_dead_in_every_spelling(api, kind):
    account = rest.Account(api)
    token = account.token if kind == "issued" else tokens.legacy(account.jid)
    other = rest.login(api, account.username, account.password).json()["token"]
    answer = rest.logout(api, token)
    assert (answer.status, answer.json()) == (200, {"status": "logged_out"})
    assert_refused(rest.turn(api, token), "Token has been revoked")
    for spelling in tokens.other_spellings(token):
        assert ask(api, f"Authorization: Bearer {spelling}").status == 401
    assert_refused(rest.logout(api, token), "Token has been revoked")
    assert rest.turn(api, other).status == 200  # the other device stays signed in


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/account/password"), ("POST", "/account/logout"), ("DELETE", "/account")]
)
def test_every_protected_route_asks_for_a_token(api, method, path):
    assert_refused(rest.call(api, method, path), "Not authenticated", "Bearer")
    assert_refused(rest.call(api, method, path, token="x.y.z"))
