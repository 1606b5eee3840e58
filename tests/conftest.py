"""Fixtures every test may use."""

import pytest

from tests import factories
from trial.roles import Role


@pytest.fixture
def study(db):
    return factories.make_study()


@pytest.fixture
def site(study):
    return factories.make_site()


@pytest.fixture
def protocol(study):
    return factories.make_protocol()


@pytest.fixture
def coordinator(site):
    return factories.make_user(Role.COORDINATOR, site)


@pytest.fixture
def investigator(site):
    return factories.make_user(Role.INVESTIGATOR, site)


@pytest.fixture
def pharmacist(site):
    return factories.make_user(Role.PHARMACIST, site)


@pytest.fixture
def monitor(site):
    return factories.make_user(Role.MONITOR, site)


@pytest.fixture
def participant(coordinator, site, protocol):
    return factories.register(coordinator, site, protocol)
