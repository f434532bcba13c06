"""The two pages of the mail catcher. Everything in a mail is a stranger's text, so everything is escaped."""

import re
from collections.abc import Sequence
from html import escape
from typing import Protocol

LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .6rem;
border-bottom: 1px solid #ccc; vertical-align: top; overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #ccc; padding: 1rem }
iframe { width: 100%; height: 30rem; border: 1px solid #ccc }
"""


class Mail(Protocol):
    """What the pages show of a mail."""

    @property
    def number(self) -> int: ...
    @property
    def to(self) -> tuple[str, ...]: ...
    @property
    def subject(self) -> str: ...
    @property
    def date(self) -> str: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...


def page_of_list(mails: Sequence[Mail], *, to: str) -> str:
    """Return the list, in the given order, with the filter that made it."""
    rows = "".join(
        f'<tr><td><a href="/mail/{mail.number}">{escape(mail.subject) or "(no subject)"}</a></td>'
        f"<td>{_recipients(mail)}</td><td>{escape(mail.date)}</td></tr>"
        for mail in mails
    )
    nothing = "" if mails else "<p>No mail yet.</p>"
    return _page(
        "Mail",
        f"<form><label>To <input name='to' value=\"{escape(to)}\" placeholder='address'></label> "
        "<button>Filter</button> <a href='/'>all</a></form>"
        f"<table><tr><th>Subject</th><th>To</th><th>Date</th></tr>{rows}</table>{nothing}",
    )


def page_of_message(mail: Mail) -> str:
    """Return one mail: text with links to click, the HTML part in a powerless frame, headers."""
    headers = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in mail.headers)
    drawn = ""
    if mail.html:
        # An empty `sandbox` takes scripts, forms, top-level links and the origin away from the document.
        drawn = f'<h2>HTML part</h2><iframe sandbox="" srcdoc="{escape(mail.html)}"></iframe>'
    return _page(
        mail.subject or "(no subject)",
        f"<p><a href='/'>All mail</a> · to {_recipients(mail)}</p>"
        f"<pre>{link_addresses(mail.text)}</pre>{drawn}"
        f"<h2>Headers</h2><table>{headers}</table>",
    )


def link_addresses(text: str) -> str:
    """Escape a text and make its http addresses links; a full stop after an address is no part of it."""
    pieces, end = [], 0
    for found in LINK.finditer(text):
        address = escape(found.group())
        pieces += [escape(text[end : found.start()]), f'<a href="{address}" rel="noreferrer">{address}</a>']
        end = found.end()
    return "".join([*pieces, escape(text[end:])])


def _recipients(mail: Mail) -> str:
    return escape(", ".join(mail.to))


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>{body}</html>"
    )
