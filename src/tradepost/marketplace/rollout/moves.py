"""What the newest reports say of sites of deployed apps, as rollouts that vendors started are to hear of it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class BulkMove:
    """Where one installation stands after a batch of reports was taken.

    `site_id` is that of its SiteRecord. `running_order_key` is None where nothing runs; `state` is a word of the wire,
    `text` what the host says of it.
    """

    site_id: int
    listing_id: UUID
    running_order_key: int | None
    state: str
    text: str
