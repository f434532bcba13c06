"""Recording what an app answered to `installed`, once, over what was read when the call was made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from tradepost.core.plan import Because
from tradepost.core.schedule import retry_lifecycle
from tradepost.core.states import INSTALLATION, InstallationEvent, InstallationState, UpgradeEvent, advance
from tradepost.foundation import audit
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import OutgoingError, OutgoingResponse
from tradepost.host.approvals import asking
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.marketlink.reports import report

from .lifecycle import MASK, SUCCESS, InstalledCall, may_have_acted
from .models import LifecycleCall, Upgrade
from .planning import ACTOR, lock, move, replan, show
from .queries import INSTALL, look_at

MOST_INSTALL_ATTEMPTS = 5
"""Repeats of a first installation whose answer was lost; an administrator waits for it, so it does not go on."""

MOST_HEADERS, LONGEST_HEADER = 40, 200
_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "proxy-authenticate"})


class _NotCalled:
    """Stands for the answer of an app that has nothing to be told."""


NOT_CALLED: Final = _NotCalled()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call. `problem` is set where it could not even be made."""

    call: InstalledCall | None
    answer: OutgoingResponse | OutgoingError | _NotCalled | None
    problem: str = ""

    @property
    def succeeded(self) -> bool:
        if isinstance(self.answer, OutgoingResponse):
            return self.answer.status in SUCCESS
        return self.answer is NOT_CALLED

    @property
    def failure(self) -> str:
        """Why it failed, in words."""
        if isinstance(self.answer, OutgoingResponse):
            return f"it answered with status {self.answer.status}"
        if isinstance(self.answer, OutgoingError):
            return self.answer.text.rstrip(".")
        return self.problem.rstrip(".")

    @property
    def is_unclear(self) -> bool:
        """Whether the app may have taken the call although it looks failed."""
        return isinstance(self.answer, OutgoingError) and may_have_acted(self.answer)


@transaction.atomic
def record_outcome(installation_id: UUID, upgrade_id: UUID, lease: UUID, outcome: Outcome, *, now: datetime) -> bool:
    """Write what came of a call. False when the lease has gone to another worker, whose call counts instead."""
    installation = lock(installation_id)
    if installation.lease != lease or installation.upgrade_id != upgrade_id:
        return False
    upgrade = look_at([installation])[0].upgrade
    assert upgrade is not None
    target = KnownVersion.objects.defer("descriptor").get(pk=upgrade.to_version_id)
    installation.lease = installation.lease_until = None
    if outcome.call is not None:
        _write_call(installation, upgrade, outcome, now)
    if outcome.succeeded:
        _succeed(installation, upgrade, target, now)
    elif upgrade.trigger == INSTALL and (not outcome.is_unclear or upgrade.attempts >= MOST_INSTALL_ATTEMPTS):
        _give_up(installation, upgrade, outcome, now)
    else:
        _try_again(installation, upgrade, target, outcome, now)
    return True


def _succeed(installation: Installation, upgrade: Upgrade, target: KnownVersion, now: datetime) -> None:
    move(upgrade, UpgradeEvent.SUCCEEDED, now=now, finished_at=now, last_failure="")
    asking.use(look_at([installation])[0].approvals, now=now)
    if installation.state == InstallationState.INSTALLING:
        _advance(installation, InstallationEvent.INSTALLED, now)
        installation.installed_at = now
    installation.running = target
    _close(installation, now)
    replan(installation, now=now)


def _give_up(installation: Installation, upgrade: Upgrade, outcome: Outcome, now: datetime) -> None:
    """A first installation failed: nothing runs, and an administrator may try again with the same secret."""
    move(upgrade, UpgradeEvent.GIVEN_UP, now=now, finished_at=now, last_failure=outcome.failure)
    _advance(installation, InstallationEvent.INSTALL_FAILED, now)
    _close(installation, now)
    show(installation, text=f"The app could not be installed: {outcome.failure}.")
    installation.save()
    report(installation, now)


def _try_again(
    installation: Installation, upgrade: Upgrade, target: KnownVersion, outcome: Outcome, now: datetime
) -> None:
    """The old version stays in force; the pause grows with every failure."""
    move(upgrade, UpgradeEvent.FAILED, now=now, last_failure=outcome.failure)
    until = now + retry_lifecycle(upgrade.attempts, seed=f"{installation.pk}\n{target.number}")
    if installation.because != Because.RETRY:
        installation.since = now
    text = (
        f"The app did not accept version {target.number}: {outcome.failure}. "
        f"It will be tried again at {until:%Y-%m-%d %H:%M} UTC."
    )
    show(installation, because=Because.RETRY, text=text, until=until)
    # The next try falls due then, and waits for a window by itself.
    installation.due_at = installation.due_since = until
    installation.save()
    if installation.newest_id != target.pk:
        show(installation)
        replan(installation, now=now)
    else:
        report(installation, now)


def _close(installation: Installation, now: datetime) -> None:
    show(installation)
    installation.upgrade_id = installation.due_at = installation.due_since = None
    installation.since = now
    installation.save()


def _advance(installation: Installation, event: InstallationEvent, now: datetime) -> None:
    installation.state = advance(INSTALLATION, InstallationState(installation.state), event)
    audit.record(
        f"installation.{event}", service="host", actor=ACTOR, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key,
    )  # fmt: skip


def _write_call(installation: Installation, upgrade: Upgrade, outcome: Outcome, now: datetime) -> None:
    call, answer = outcome.call, outcome.answer
    assert call is not None
    response = answer if isinstance(answer, OutgoingResponse) else None
    LifecycleCall.objects.create(
        id=new_id(),
        site_id=installation.site_id,
        installation_id=installation.pk,
        upgrade_id=upgrade.id,
        event="installed",
        attempt=upgrade.attempts,
        at=now,
        recorded_at=machine_now(),
        url=call.url,
        request_headers={"Authorization": f"JWT {MASK}", "Content-Type": "application/json"},
        request_body=call.masked_body(),
        status=response.status if response else None,
        response_headers=_headers(response, call) if response else {},
        response_excerpt=_excerpt(response, call) if response else "",
        error=answer.text if isinstance(answer, OutgoingError) else "",
        seconds=response.seconds if response else 0.0,
        succeeded=outcome.succeeded,
    )


def _excerpt(response: OutgoingResponse, call: InstalledCall) -> str:
    most = configuration.limits.answer_excerpt_bytes
    text = response.body[: most + len(call.secret)].decode("utf-8", "replace")
    return _storable(text, call)[:most]


def _headers(response: OutgoingResponse, call: InstalledCall) -> dict[str, str]:
    kept = [(name, value) for name, value in response.headers if name not in _SECRET_HEADERS][:MOST_HEADERS]
    return {_storable(name[:LONGEST_HEADER], call): _storable(value[:LONGEST_HEADER], call) for name, value in kept}


def _storable(text: str, call: InstalledCall) -> str:
    """Some apps send back what they got: the secret does not come into the database in the clear that way."""
    return text.replace("\0", "\ufffd").replace(call.secret, MASK)
