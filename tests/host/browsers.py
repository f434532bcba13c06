"""People with browsers, for the tests of the pages."""

import re

from django.test import Client

from tradepost.foundation.callers import Caller


class Browser(Client):
    """A browser at the host service. It insists on CSRF tokens like a real one's server does."""

    def __init__(self, caller: Caller | None = None, *, host: str = "host.test") -> None:
        super().__init__(enforce_csrf_checks=True, headers={"host": host})
        if caller is not None:
            self.force_login(caller.user)

    def submit(self, page: str, action: str, **fields: str):
        """Send the form of `page` that goes to `action`, with its hidden fields and its token."""
        shown = self.get(page)
        assert shown.status_code in {200, 422, 503}, shown.content
        form = next((each for each in forms_of(shown) if each[0] == action), None)
        assert form is not None, f"{page} has no form that goes to {action}: {[each[0] for each in forms_of(shown)]}"
        return self.post(action, {**form[1], **fields})


def forms_of(response) -> list[tuple[str, dict[str, str]]]:
    """The forms of a page: where each goes, and its hidden fields."""
    found = []
    page = response.content.decode()
    for opening, body in re.findall(r"<form([^>]*)>(.*?)</form>", page, re.DOTALL):
        action = re.search(r'action="([^"]*)"', opening)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body))
        found.append((action.group(1) if action else response.request["PATH_INFO"], hidden))
    return found


def text_of(response) -> str:
    """What people read, without tags and with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def said(response) -> str:
    """What a page says after the redirect that `response` is."""
    assert response.status_code == 302, response.content
    return text_of(response.client.get(response["Location"]))
