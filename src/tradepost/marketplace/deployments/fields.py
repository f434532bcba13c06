"""What may stand in the fields of a registration and of a deployment."""

from urllib.parse import urlsplit

from tradepost.core.errors import InvalidInputError

from .deciding import LONGEST_MESSAGE, LONGEST_URL, Wanted

LONGEST_APP_ID = 200
LONGEST_NAME = 200
MOST_MAJOR = 999_999


def check_wanted(wanted: Wanted) -> None:
    """Raise InvalidInputError for a field that cannot be kept or must not be shown as a link."""
    if len(wanted.message) > LONGEST_MESSAGE or "\0" in wanted.message:
        raise InvalidInputError(f"A message has at most {LONGEST_MESSAGE} characters.", "/message")
    if wanted.run_url and not is_web_address(wanted.run_url):
        text = f"run_url is an http or https address of at most {LONGEST_URL} characters."
        raise InvalidInputError(text, "/run_url")
    if wanted.major_version is not None and not 0 <= wanted.major_version <= MOST_MAJOR:
        raise InvalidInputError(f"A major is a number from 0 to {MOST_MAJOR}.", "/major_version")


def is_web_address(text: str) -> bool:
    """Whether a text can stand as a link on a page."""
    if len(text) > LONGEST_URL or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def checked_app_id(app_id: str) -> str:
    """An `app.id` as manifests name it. Raises InvalidInputError."""
    app_id = app_id.strip()
    if not 1 <= len(app_id) <= LONGEST_APP_ID or not app_id.isprintable() or " " in app_id:
        text = f"An app.id has 1 to {LONGEST_APP_ID} characters and no spaces."
        raise InvalidInputError(text, "/app_id")
    return app_id


def checked_name(name: str) -> str:
    """The app's name in lists. Raises InvalidInputError."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(f"An app needs a name of 1 to {LONGEST_NAME} characters.", "/name")
    return name
