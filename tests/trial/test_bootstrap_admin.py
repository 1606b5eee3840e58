import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from tests.factories import PASSWORD
from trial.models import User
from trial.roles import Role

PERSON = ("ada", "--email", "ada@example.org", "--full-name", "Ada Admin")


def bootstrap(*arguments):
    call_command("bootstrap_admin", *(arguments or PERSON))


@pytest.fixture
def from_environment(monkeypatch, db):
    monkeypatch.setenv("BOOTSTRAP_PASSWORD", PASSWORD)


@pytest.fixture
def typed(monkeypatch, db):
    """What is answered to the two prompts."""
    monkeypatch.delenv("BOOTSTRAP_PASSWORD", raising=False)
    answers = []
    monkeypatch.setattr(
        "trial.management.commands.bootstrap_admin.getpass", lambda prompt: answers.pop(0)
    )
    return answers


def test_the_first_account_is_an_administrator_who_can_log_in(from_environment):
    bootstrap()
    user = User.objects.get()
    assert user.role == Role.ADMINISTRATOR
    assert authenticate(username="ada", password=PASSWORD) == user
    row = user.history.get()
    assert (row.history_process, row.history_user) == ("bootstrap_admin", None)


def test_a_second_first_account_is_refused(from_environment, coordinator):
    with pytest.raises(CommandError, match="accounts already"):
        bootstrap()
    assert User.objects.get() == coordinator


def test_the_password_is_typed_twice(typed):
    typed += [PASSWORD, PASSWORD]
    bootstrap()
    assert authenticate(username="ada", password=PASSWORD)


def test_two_different_passwords_are_refused(typed):
    typed += [PASSWORD, PASSWORD + "!"]
    with pytest.raises(CommandError, match="differ"):
        bootstrap()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("password", "why"), [("kurz-12345x", "12"), ("ada@example.org", "similar")]
)
def test_a_weak_password_is_refused_with_the_reason(typed, password, why):
    typed += [password, password]
    with pytest.raises(CommandError, match=why):
        bootstrap()
    assert not User.objects.exists()


def test_a_wrong_address_is_named(from_environment):
    with pytest.raises(CommandError, match="email"):
        bootstrap("ada", "--email", "nowhere", "--full-name", "Ada Admin")
    assert not User.objects.exists()
