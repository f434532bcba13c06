"""The movable clock of a simulation. It goes where it is told and stands still in between."""

from datetime import datetime, timedelta

from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import HouseKeeping, OutgoingMail
from tradepost.host.installing.models import Installation
from tradepost.host.marketlink.models import PendingReport
from tradepost.host.sites.models import Site
from tradepost.marketplace.catalog.models import Listing


class SimClock:
    """Domain time of a simulated world. `now` is handed to commands and works, and told to what asks `domain_now()`.

    Other than an operator's clock this one may start in the machine's past.
    """

    def __init__(self, start: datetime) -> None:
        self.now = start

    def move(self, to: datetime) -> None:
        """Go forward to `to`."""
        assert to >= self.now, "simulated time only moves forward"
        self.now = to


def let_machine_time_pass() -> None:
    """Let every lease of a dead worker and every pause in machine time be over, as if somebody had waited."""
    past = machine_now() - timedelta(seconds=1)
    Listing.objects.filter(poll_lease_until__gt=past).update(poll_lease_until=past)
    Site.objects.filter(check_lease_until__gt=past).update(check_lease_until=past)
    Installation.objects.filter(lease_until__gt=past).update(lease_until=past)
    PendingReport.objects.filter(due_at__gt=past).update(due_at=past)
    OutgoingMail.objects.filter(due_at__gt=past, sent_at=None).update(due_at=past)
    HouseKeeping.objects.filter(due_at__gt=past).update(due_at=past)


def on_grain(moment: datetime, *, start: datetime, grain: timedelta) -> datetime:
    """The first moment of the grid (every `grain` from `start` on) that is not before `moment`."""
    return start - ((start - moment) // grain) * grain
