import smtplib

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils import timezone

from config import mail_sink
from config.embedded import free_port


@pytest.fixture
def sink(tmp_path, monkeypatch):
    """A running sink; yields its port."""
    monkeypatch.setenv("MAIL_SINK_DIR", str(tmp_path / "mail"))
    port = free_port()
    server = mail_sink.controller(tmp_path / "mail", "127.0.0.1", port)
    server.start()
    yield port
    server.stop()


def send(port, subject="Visit due 随访", html="<p>Open <b>the link</b></p>"):
    backend = "django.core.mail.backends.smtp.EmailBackend"
    connection = get_connection(backend, host="127.0.0.1", port=port)
    mail = EmailMultiAlternatives(
        subject, "Open the link 打开链接", "trial@example.org", ["crc@example.org"],
        connection=connection, headers={"Message-ID": "<1@example.org>"},
    )  # fmt: skip
    mail.attach_alternative(html, "text/html")
    assert mail.send() == 1


@pytest.mark.mail
def test_what_is_sent_over_smtp_is_kept_whole(sink, tmp_path):
    send(sink)
    (found,) = mail_sink.messages()
    assert found.sender == "trial@example.org"
    assert found.recipient == "crc@example.org"
    assert found.subject == "Visit due 随访"
    assert found.text.strip() == "Open the link 打开链接"
    assert found.html.strip() == "<p>Open <b>the link</b></p>"
    assert abs(found.sent_at - timezone.now()).total_seconds() < 60
    assert [path.name for path in (tmp_path / "mail").iterdir()] == [f"{found.name}.eml"]


@pytest.mark.mail
def test_the_newest_comes_first(sink):
    for number in range(3):
        send(sink, subject=f"{number}")
    assert [found.subject for found in mail_sink.messages()] == ["2", "1", "0"]


@pytest.mark.mail
def test_a_broken_mail_is_kept_and_shown(sink):
    with smtplib.SMTP("127.0.0.1", sink) as server:
        server.sendmail("a@example.org", ["b@example.org"], b"Date: yesterday\r\n\r\n\xff\xfe")
    (found,) = mail_sink.messages()
    assert found.subject == ""
    assert found.sent_at is None
    assert found.html == ""


@pytest.mark.parametrize("name", ["../secret_key", "a/b", "", ".", "no-such-mail"])
def test_only_mail_of_the_folder_is_read(tmp_path, monkeypatch, name):
    monkeypatch.setenv("MAIL_SINK_DIR", str(tmp_path))
    (tmp_path.parent / "secret_key.eml").touch()
    assert mail_sink.message(name) is None


@pytest.mark.mail
def test_the_pages_show_it(sink, client, coordinator):
    client.force_login(coordinator)
    assert "No mail was sent yet" in client.get("/admin/mail/").text
    send(sink)
    page = client.get("/admin/mail/").text
    assert "Visit due 随访" in page
    (found,) = mail_sink.messages()
    assert f'href="/admin/mail/{found.name}"' in page
    letter = client.get(f"/admin/mail/{found.name}").text
    assert "Open the link 打开链接" in letter
    assert "crc@example.org" in letter


@pytest.mark.mail
def test_html_mail_cannot_run_in_our_page(sink, client, coordinator):
    client.force_login(coordinator)
    send(sink, html='<script>alert(1)</script>"><b>')
    (found,) = mail_sink.messages()
    letter = client.get(f"/admin/mail/{found.name}").text
    assert "<script>alert(1)" not in letter
    assert "sandbox title=" in letter
    assert 'srcdoc="&lt;script&gt;' in letter


def test_the_pages_need_a_login(sink, client):
    for path in ("/admin/mail/", "/admin/mail/anything"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("path", ["/admin/mail/", "/admin/mail/anything"])
def test_without_a_sink_there_are_no_pages(client, coordinator, monkeypatch, path):
    monkeypatch.delenv("MAIL_SINK_DIR", raising=False)
    client.force_login(coordinator)
    assert client.get(path).status_code == 404
