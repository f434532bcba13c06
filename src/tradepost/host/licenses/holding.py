"""An access token between a question and its answer: sealed, in the page that asks, for some minutes.

It stands nowhere else meanwhile: neither in a session nor in a row. Only the person who gave it can hand it back, for
the same site and app.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tradepost.core.errors import InvalidInputError
from tradepost.foundation.callers import Caller
from tradepost.foundation.secrets import UnreadableSecretError, seal, unseal

LIFE = timedelta(minutes=10)
"""Machine time."""

LONGEST = 4000
PURPOSE = "access token"
TOO_OLD = "This page was open for too long; give the access token again."


@dataclass(frozen=True, slots=True)
class Holder:
    """Who may hand a token back, and for what. `app` is empty where the token's link says which app is meant."""

    site_id: UUID
    app: str
    by: Caller

    def hold(self, text: str, *, machine: datetime) -> str:
        """What was pasted, sealed. `machine` is machine time."""
        until = int((machine + LIFE).timestamp())
        return seal(json.dumps([PURPOSE, *self._marks, until, text]))

    def hand_back(self, sealed: str, *, machine: datetime) -> str:
        """What was pasted. Raises InvalidInputError for what is too old, somebody else's or not sealed by us."""
        try:
            purpose, site, app, user, until, text = json.loads(unseal(sealed[:LONGEST]))
        except (UnreadableSecretError, ValueError, TypeError, UnicodeError) as error:
            raise InvalidInputError(TOO_OLD) from error
        if [purpose, site, app, user] != [PURPOSE, *self._marks] or machine.timestamp() >= until:
            raise InvalidInputError(TOO_OLD)
        return str(text)

    @property
    def _marks(self) -> list[str]:
        return [str(self.site_id), self.app, str(self.by.user.pk)]
