"""Fixtures every test may use."""

import os
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.db.backends.base.operations import BaseDatabaseOperations

from tests import factories, servers
from trial.models.guard import tracked_tables_open
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


@pytest.fixture
def api():
    """`api(user)`: a client with a token of that user, sending JSON."""
    return factories.Api


@pytest.fixture(autouse=True, scope="session")
def _tests_may_empty_their_database() -> Iterator[None]:
    """A test with real transactions ends in a flush, which the program itself refuses."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def lifted(self: Any, sql_list: Any) -> None:
        with tracked_tables_open():
            flush(self, sql_list)

    with patch.object(BaseDatabaseOperations, "execute_sql_flush", lifted):
        yield


@pytest.fixture(autouse=True)
def _servers_wanted() -> None:
    """`tests.servers` could not start what this run is for: say so in every test's place."""
    if reason := os.environ.get("SKIP_SERVERS"):
        servers.unavailable(reason)


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """A Redis protocol server that is empty for this test process."""
    try:
        with servers.redis() as url:
            yield url
    except servers.UnavailableError as error:
        servers.unavailable(str(error))
