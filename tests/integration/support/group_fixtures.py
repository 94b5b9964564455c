"""The fixtures of most group tests, to be imported by name: people of one module, and a fresh group with all roles."""

import collections

import pytest

from support import groups

People = collections.namedtuple("People", "owner admin member stranger")


@pytest.fixture(scope="module")
def people(api):
    """Accounts that the tests of a module share; what they are in a group is said by the group."""
    return People(*groups.accounts(api, *People._fields))


@pytest.fixture
def group(api, people):
    """A group with an owner, an admin and a member."""
    return groups.with_roles(api, people.owner, [people.admin], [people.member])


@pytest.fixture
def everybody(people):
    """The roles in a fresh `group`."""
    return groups.roles([people.owner], [people.admin], [people.member])
