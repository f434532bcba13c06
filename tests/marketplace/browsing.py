"""People in front of the marketplace's pages."""

from django.test import Client


def sign_in(caller=None, **options):
    """A browser at the marketplace, signed in as `caller`; a stranger's without one."""
    client = Client(headers={"host": "marketplace.test"}, **options)
    if caller is not None:
        client.force_login(caller.user)
    return client


def text_of(answer):
    assert answer.status_code == 200, (answer.status_code, answer.content[:2000])
    return answer.content.decode()


def after(answer):
    """The text of the page that a form leads to; what was said is on it."""
    assert answer.redirect_chain, (answer.status_code, answer.content.decode()[:3000])
    return text_of(answer)
