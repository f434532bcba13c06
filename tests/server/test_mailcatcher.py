"""The mail catcher as it runs: mail goes in by SMTP, pages and JSON come out by HTTP."""

import json
import smtplib
import subprocess
import sys
import urllib.error
import urllib.request
from email.message import EmailMessage

import pytest

from tradepost.server.mailcatcher import LARGEST_MESSAGE, Mailbox
from tradepost.server.mailpages import link_addresses, page_of_list
from tradepost.server.ports import Address, find_free_port
from tradepost.server.postgres import wait_until


@pytest.fixture(scope="module")
def catcher():
    smtp, http = (Address("127.0.0.1", find_free_port("127.0.0.1")) for _ in range(2))
    command = [sys.executable, "-m", "tradepost.server.mailcatcher", "--smtp", str(smtp), "--http", str(http)]
    with subprocess.Popen(command) as child:
        wait_until(lambda: _answers(http), seconds=20, what="the mail catcher does not come up")
        yield smtp, http
        child.terminate()
    assert child.returncode == 0


@pytest.fixture
def empty(catcher):
    smtp, http = catcher
    urllib.request.urlopen(urllib.request.Request(f"{http.url}/messages", method="DELETE")).close()
    return smtp, http


def _answers(http):
    try:
        urllib.request.urlopen(http.url).close()
    except OSError:
        return False
    return True


def _read(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


def _mail(to, *, subject="Update", text="Hello", html=None):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "host@tradepost.test", to, subject
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def _send(smtp, *mails):
    with smtplib.SMTP(smtp.host, smtp.port, timeout=10) as post:
        for mail in mails:
            post.send_message(mail)


def test_a_mail_sent_by_smtp_is_listed_newest_first_and_found_by_its_recipient(empty):
    smtp, http = empty

    _send(smtp, _mail("ann@a.test", subject="one"), _mail("bob@b.test", subject="zwö"))

    everything = json.loads(_read(f"{http.url}/messages"))["messages"]
    of_bob = json.loads(_read(f"{http.url}/messages?to=BOB@b.test"))["messages"]
    assert [mail["subject"] for mail in everything] == ["zwö", "one"]
    assert [mail["to"] for mail in of_bob] == [["bob@b.test"]]
    assert json.loads(_read(f"{http.url}/messages/{of_bob[0]['id']}")) == of_bob[0]


def test_links_in_a_mail_can_be_clicked(empty):
    smtp, http = empty
    _send(smtp, _mail("ann@a.test", text="Decide at http://127.0.0.1:8001/alpha/approvals/1?a=1&b=2."))

    number = json.loads(_read(f"{http.url}/messages"))["messages"][0]["id"]
    page = _read(f"{http.url}/mail/{number}")

    assert '<a href="http://127.0.0.1:8001/alpha/approvals/1?a=1&amp;b=2" rel' in page


def test_nothing_in_a_mail_is_taken_for_a_page(empty):
    smtp, http = empty
    evil = "<script>alert('x')</script>"
    _send(smtp, _mail('"<script>"@a.test', subject=evil, text=evil, html=f'<p onclick="x">{evil}"></p>'))
    number = json.loads(_read(f"{http.url}/messages"))["messages"][0]["id"]

    for page in (_read(f"{http.url}/"), _read(f"{http.url}/mail/{number}")):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
    assert '<iframe sandbox="" srcdoc="&lt;p onclick=&quot;x&quot;&gt;' in _read(f"{http.url}/mail/{number}")


def test_the_filter_of_the_list_is_escaped_too():
    assert '"><b>' not in page_of_list([], to='"><b>')


def test_a_mail_that_is_too_large_is_refused_at_once(empty):
    smtp, http = empty

    with pytest.raises(smtplib.SMTPException, match=r"552|exceed"):
        _send(smtp, _mail("ann@a.test", text="x" * 70 + "\n" + ("y" * 70 + "\n") * (LARGEST_MESSAGE // 70)))
    assert json.loads(_read(f"{http.url}/messages"))["messages"] == []


def test_an_unknown_mail_is_not_found(empty):
    with pytest.raises(urllib.error.HTTPError, match="404") as answer:
        _read(f"{empty[1].url}/messages/999999")
    answer.value.close()


def test_only_the_newest_are_kept():
    mailbox = Mailbox(most=2)

    for subject in ("one", "two", "three"):
        mailbox.keep("a@a.test", ["b@b.test"], f"Subject: {subject}\r\n\r\nText".encode())

    assert [mail.subject for mail in mailbox.newest_first()] == ["three", "two"]
    assert mailbox.find(1) is None


def test_a_mail_in_an_unknown_character_set_is_kept_all_the_same():
    raw = b"Subject: =?x-unknown?q?=FF?=\r\nContent-Type: text/plain; charset=x-unknown\r\n\r\ncaf\xc3\xa9 \xff"

    kept = Mailbox().keep("a@a.test", ["b@b.test"], raw)

    assert kept.text.startswith("café")


def test_a_full_stop_and_a_bracket_after_an_address_are_no_part_of_it():
    assert link_addresses("(see http://a.test/x).") == (
        '(see <a href="http://a.test/x" rel="noreferrer">http://a.test/x</a>).'
    )
