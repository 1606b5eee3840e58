import pytest
from django.utils import timezone

from trial.models import User
from trial.roles import Role, System


@pytest.fixture
def someone(db) -> User:
    """A person with an account; who it is does not matter here."""
    today = timezone.localdate()
    user = User(
        username="someone", full_name="Some One", email="someone@example.org", language="en",
        role=Role.COORDINATOR, identity_verified_on=today, trained_on=today,
    )  # fmt: skip
    user.set_password("correct horse battery staple")
    user.write(by=System("test"))
    return user
