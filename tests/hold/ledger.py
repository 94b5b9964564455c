"""What clients were told, and so what must be true: the record that everything is compared with at the end.

Each fact is the set of values it may have. An acknowledged change leaves one value; a change without an acknowledgement adds
one, as it may have been carried out or not.
"""

import collections

from support import rest


def told(possible, value, acknowledged):
    return {value} if acknowledged else possible | {value}


class Account:
    def __init__(self, username, password):
        self.username, self.jid = username, rest.jid(username)
        self.passwords = {None}  # None: there is no such account
        self.tried = {password}  # every password that was ever asked for
        self.tokens = {}  # token: may it count (True), may it be revoked (False)?
        self.devices = {}  # device id: push tokens; None: not registered

    @property
    def certain(self):
        return len(self.passwords) == 1

    @property
    def here(self):
        return self.certain and None not in self.passwords

    @property
    def password(self):
        (only,) = self.passwords
        return only

    def good_tokens(self):
        return [token for token, counts in self.tokens.items() if counts == {True}]

    def certain_devices(self):
        """Device id and push token of every registration that is there for certain."""
        found = {name: next(iter(tokens)) for name, tokens in self.devices.items() if len(tokens) == 1}
        return {name: token for name, token in found.items() if token is not None}

    def registered(self, password, acknowledged):
        self.passwords = told(self.passwords, password, acknowledged)

    def signed_in(self, token):
        self.tokens[token] = {True}

    def logged_out(self, token, acknowledged):
        self.tokens[token] = told(self.tokens[token], False, acknowledged)

    def _all_revoked(self, acknowledged):
        for token in self.tokens:
            self.logged_out(token, acknowledged)

    def password_changed(self, password, acknowledged):
        self.tried.add(password)
        self.passwords = told(self.passwords, password, acknowledged)
        self._all_revoked(acknowledged)

    def deleted(self, acknowledged):
        self.passwords = told(self.passwords, None, acknowledged)
        self._all_revoked(acknowledged)
        for device in self.devices:
            self.device(device, None, acknowledged)

    def device(self, device_id, push_token, acknowledged):
        self.devices[device_id] = told(self.devices.get(device_id, {None}), push_token, acknowledged)


class Group:
    def __init__(self, group_id, name, roles):
        self.group_id = group_id
        self.names = {name}
        self.there = {True}
        self.roles = {jid: {role} for jid, role in roles.items()}  # None: no member

    def role(self, jid, role, acknowledged):
        self.roles[jid] = told(self.roles.get(jid, {None}), role, acknowledged)

    def certain_members(self):
        """Role by JID of everybody who is in it for certain."""
        return {jid: next(iter(roles)) for jid, roles in self.roles.items() if len(roles) == 1 and None not in roles}


class Ledger:
    def __init__(self):
        self.accounts, self.groups = [], []
        self.calls = {}  # call id: how many pushes the server said the provider took
        self.acknowledged = collections.Counter()  # by what was done
        self.unanswered = collections.Counter()
        self.statuses = collections.Counter()
        self.lies = []  # answers that contradict an earlier acknowledgement
        self.latencies = []
