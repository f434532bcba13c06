"""What went wrong with a wish, in the words that UPM's clients know."""

from tradepost.core.errors import ConflictError, ForbiddenError, NotFoundError, ProblemsError, TradepostError
from tradepost.host.marketlink.client import MarketplaceError, MarketplaceProblem

from .placing import SwitchedOffError

PREFIX = "upm.pluginInstall.error."
NOT_TAKEN = f"{PREFIX}app.did.not.accept"


def code_of(error: TradepostError) -> str:
    """UPM's `subCode`."""
    if isinstance(error, SwitchedOffError):
        return f"{PREFIX}descriptor.not.from.marketplace"
    if isinstance(error, MarketplaceError):
        is_declined = error.kind is MarketplaceProblem.DECLINED
        return f"{PREFIX}access.token.declined" if is_declined else f"{PREFIX}marketplace.unreachable"
    if isinstance(error, ProblemsError):
        return f"{PREFIX}invalid.descriptor"
    if isinstance(error, ConflictError):
        return f"{PREFIX}already.installed"
    if isinstance(error, ForbiddenError | NotFoundError):
        return f"{PREFIX}forbidden"
    return f"{PREFIX}descriptor.unreachable"
