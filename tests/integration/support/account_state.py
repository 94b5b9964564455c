"""What a user would find of an account in every system it lives in: XMPP, SIP (its database row) and REST."""

import hashlib

from support import database, rest, secrets, stack, xmpp_client


def digests(username, password):
    """What the SIP server needs to know, computed from the definition."""
    user, domain = username.lower(), stack.DOMAIN
    ha1 = hashlib.md5(f"{user}:{domain}:{password}".encode()).hexdigest()
    ha1b = hashlib.md5(f"{user}@{domain}:{domain}:{password}".encode()).hexdigest()
    return ha1, ha1b, ""


def is_whole(api, username, password):
    """One password, and the same one, everywhere. XMPP and SIP are looked at first: a REST login may repair them."""
    if database.subscriber(username) != digests(username, password) or not xmpp_client.can_log_in(username, password):
        return False
    return rest.login(api, username, password).status == 200


def is_gone(api, username, *passwords):
    """In no system, under none of these passwords."""
    if database.subscriber(username) is not None:
        return False
    if any(xmpp_client.can_log_in(username, password) for password in passwords):
        return False
    return all(rest.login(api, username, password).status == 401 for password in passwords)


def whole_with(api, username, *passwords):
    """The one password of a whole account, or None."""
    working = [password for password in passwords if is_whole(api, username, password)]
    others = [password for password in passwords if password not in working]
    if len(working) != 1 or any(xmpp_client.can_log_in(username, password) for password in others):
        return None
    return working[0]


def assert_whole(api, username, password):
    assert database.subscriber(username) == digests(username, password)
    assert xmpp_client.can_log_in(username, password)
    assert not xmpp_client.can_log_in(username, secrets.password())
    assert rest.login(api, username, password).status == 200
