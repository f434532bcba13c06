"""The messages about licenses and access tokens, of version 1 of the contract. They stand below `messages.PREFIX`.

A host asks (`LicenseQuestions`), is told (`LicenseDecisions`, as an answer or as a push that it did not ask for), and
hands on what its administrators want: a trial or another edition (`LicenseWish`), a token (`TokenApplication`, ...).

A push is a POST to `{base_url of the host}/wire/1/licenses`, signed: see `signature`.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from .messages import AppKey, Message, Number, OfferedVersion, Short, Text

MOST_QUESTIONS = 500
SIGNATURE_HEADER = "X-Tradepost-Signature"
SIGNATURE_SECONDS = 300
"""How far the clocks of the two may be apart, machine time."""

EditionWord = Annotated[str, Meta(max_length=20, pattern="^[a-z]+$")]
Actor = Annotated[str, Meta(min_length=1, max_length=254)]
Revision = Annotated[int, Meta(ge=-1, le=2**63 - 1)]
"""-1 is that of a license nobody has looked at."""

UserTier = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Moment = Annotated[datetime, Meta(tz=True)]
TokenText = Annotated[str, Meta(min_length=8, max_length=200)]
CONFIRM = "token.running_subscription"
"""The rule of the problem that is answered (409) where a token would hide what a site pays for."""

CHANGED_MEANWHILE = "license.changed_meanwhile"
"""The rule of the problem that is answered (409) where the license is not what the administrator saw."""


class LicenseQuestion(Message, frozen=True):
    """What has this site licensed of this app? `version` is what it runs or is about to run.

    With `begin_trial` a site that never had a license gets a trial, where `version` is paid: it is being installed, or
    upgraded to the first version that costs something.
    """

    site: UUID
    app: AppKey
    version: Number | None = None
    begin_trial: bool = False


class LicenseQuestions(Message, frozen=True):
    """Many questions at once."""

    questions: Annotated[list[LicenseQuestion], Meta(max_length=MOST_QUESTIONS)]


class TokenTold(Message, frozen=True):
    """The access token that is applied: its first characters, never the token."""

    prefix: Short
    simulated: Short
    edition: EditionWord


class LicenseDecision(Message, frozen=True):
    """What a site has licensed of an app. A lower `revision` than known is old news.

    `state` is a state of the license machine, of the token's simulation where there is one. `exists` is False where
    apps hear of no license. `edition` is None where apps hear of none. `changes_at` is when time alone changes it next.
    `may_switch` says whether editions can be chosen here, `why_not` why they cannot. `covered` is the state of the
    license that a token hides.
    """

    site: UUID
    app: AppKey
    revision: Revision
    state: Short
    active: bool
    exists: bool
    evaluation: bool = False
    kind: Short | None = None
    period: Short | None = None
    user_tier: UserTier | None = None
    edition: EditionWord | None = None
    entitlement_id: Short | None = None
    entitlement_number: Short | None = None
    support_number: Short | None = None
    trial_ends_at: Moment | None = None
    period_ends_at: Moment | None = None
    next_edition: EditionWord | None = None
    edition_trial_ends_at: Moment | None = None
    may_try: bool = False
    may_try_edition: bool = False
    may_switch: bool = False
    why_not: Text = ""
    changes_at: Moment | None = None
    token: TokenTold | None = None
    covered: Short | None = None
    reason: Text = ""


class LicenseDecisions(Message, frozen=True):
    """Answers to questions, or a push.

    `unknown` lists apps of which the marketplace knows nothing, `unknown_sites` sites that never were checked.
    """

    decisions: Annotated[list[LicenseDecision], Meta(max_length=MOST_QUESTIONS)]
    unknown: list[AppKey] = []
    unknown_sites: list[UUID] = []


class LicenseWish(Message, frozen=True):
    """What an administrator (`by`) wants of a license they saw at `revision`.

    `wish` is trial (start one), switch (to `edition`), keep (take a downgrade back) or edition_trial (try `edition`).
    """

    site: UUID
    app: AppKey
    wish: Literal["trial", "switch", "keep", "edition_trial"]
    revision: Revision
    by: Actor
    edition: EditionWord | None = None


class SwitchQuestion(Message, frozen=True):
    """What would another edition mean for this site?"""

    site: UUID
    app: AppKey
    edition: EditionWord


class FeatureTold(Message, frozen=True):
    """A feature as its vendor describes it, with the keys of modules that make it."""

    name: Short
    text: Text = ""
    kind: Short = "product"
    modules: list[Short] = []


class SwitchPreview(Message, frozen=True):
    """What a switch from `before` (None: no edition yet) to `after` would do, and when (`at`, now or later).

    `price` says in words what the edition costs. `why_not` is not empty where the switch is not possible.
    """

    before: EditionWord | None
    after: EditionWord
    at: Moment
    gained: list[FeatureTold]
    lost: list[FeatureTold]
    revision: Revision
    price: Text = ""
    why_not: Text = ""
    may_try: bool = False


class TokenApplication(Message, frozen=True):
    """A site uses an access token. `app` is None where the token alone says which app is meant.

    Without `confirmed` a site that pays for the app is warned (409, rule CONFIRM) and nothing changes.
    """

    site: UUID
    token: TokenText
    by: Actor
    app: AppKey | None = None
    confirmed: bool = False


class TokenApplied(Message, frozen=True):
    """What the site has now, and the newest version a holder of the token may run."""

    decision: LicenseDecision
    version: OfferedVersion | None = None


class TokenRemoval(Message, frozen=True):
    """A site uses its token no longer. The token stays its own and can be applied again."""

    site: UUID
    app: AppKey
    by: Actor


class TokenSimulation(Message, frozen=True):
    """What the applied token is to look like from now on."""

    site: UUID
    app: AppKey
    by: Actor
    simulated: Short | None = None
    edition: EditionWord | None = None


def signature(key: str, *, at: int, body: bytes) -> str:
    """The value of SIGNATURE_HEADER for a push at `at` (seconds, machine time): `t=<at>,v1=<hex>`.

    `key` is the SHA-256 (hex) of the host's credential: the marketplace keeps no more of it than that.
    """
    told = hmac.new(f"push:{key}".encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={told}"
