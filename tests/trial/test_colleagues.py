from datetime import date

import pytest

from tests import factories as f
from trial.models import Membership, User
from trial.roles import Role


@pytest.fixture
def other_site(study):
    return f.make_site("OTH02")


def test_colleagues_are_the_active_people_of_my_sites(site, other_site, coordinator, investigator):
    f.make_user(Role.COORDINATOR, other_site)
    disabled = f.make_user(Role.COORDINATOR, site)
    disabled.is_active = False
    disabled.write(by=f.SETUP, reason="left")
    assert set(User.objects.colleagues_of(coordinator)) == {coordinator, investigator}


def test_a_delegation_that_ended_makes_no_colleague(site, coordinator):
    former = f.make_user(Role.INVESTIGATOR)
    Membership(
        user=former, site=site, began_on=date(2024, 1, 1), ended_on=date(2024, 12, 31)
    ).write(by=f.SETUP)
    assert set(User.objects.colleagues_of(coordinator)) == {coordinator}
    assert not User.objects.colleagues_of(former).exists()


def test_a_person_at_two_sites_stands_once(site, other_site):
    both = f.make_user(Role.INVESTIGATOR, site, other_site)
    assert list(User.objects.colleagues_of(both)) == [both]


def test_who_works_for_all_sites_sees_everybody_delegated(site, other_site, coordinator):
    elsewhere = f.make_user(Role.COORDINATOR, other_site)
    manager = f.make_user(Role.DATA_MANAGER)
    assert set(User.objects.colleagues_of(manager)) == {coordinator, elsewhere}
