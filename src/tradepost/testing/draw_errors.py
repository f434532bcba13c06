"""Draws docs/reference/errors.md from the errors, the table in foundation/problems.py and what calls can end in."""

import inspect
from collections.abc import Iterator, Mapping

from tradepost.core.errors import TradepostError
from tradepost.core.plan import Because
from tradepost.foundation.outgoing import OutgoingProblem
from tradepost.foundation.problems import BY_STATUS, TABLE, UNKNOWN, Kind

HEAD = """# Errors

Drawn from `src/tradepost/foundation/problems.py` by `python -m tradepost.testing.draw`; a test fails when this page
is out of date.

Rules and commands raise errors that are named for what the caller learns and know nothing of HTTP. One table makes
answers of them: below `/api/`, `/wire/` and `/rest/` (there also below a site) a program gets problem details (RFC
9457, `application/problem+json`), elsewhere a person gets a page.

The members of a problem are `type`, `title`, `status`, `detail` (a sentence) and `request_id`, under which the log of
the service tells more. Where the problem has places, `problems` lists all of them at once, each with `pointer` (JSON
pointer into what was sent), `text` and `rule`.

What a caller may not see does not exist for them: the answer is 404 and not 403.
"""

OUTGOING: Mapping[OutgoingProblem, str] = {
    OutgoingProblem.MALFORMED_ADDRESS: "The address is not one: spelling, user names in it, control characters.",
    OutgoingProblem.FORBIDDEN_SCHEME: "Only https is called outside development.",
    OutgoingProblem.FORBIDDEN_PORT: "Only the ports 443 and 8080 are called outside development.",
    OutgoingProblem.REFUSED_ADDRESS: "The name leads to a loopback, private, link-local, metadata or other special "
    "address.",
    OutgoingProblem.NAME_NOT_FOUND: "The name has no address.",
    OutgoingProblem.UNREACHABLE: "Nobody answers at the address, or not in time to connect.",
    OutgoingProblem.BAD_CERTIFICATE: "The certificate is not valid for the name, not trusted or over.",
    OutgoingProblem.REDIRECTED_ELSEWHERE: "A redirect leads to another origin, or redirects are not followed here.",
    OutgoingProblem.TOO_MANY_REDIRECTS: "More redirects than the limit.",
    OutgoingProblem.TOO_SLOW: "No complete answer in time.",
    OutgoingProblem.TOO_LARGE: "The answer is larger than the limit.",
    OutgoingProblem.NOT_HTTP: "What came back is not HTTP, or compressed in a way that cannot be read.",
    OutgoingProblem.CONNECTION_LOST: "The connection ended before the answer did.",
}
"""What each problem of an outgoing call means. A test fails for one without an entry."""

BECAUSE: Mapping[Because, str] = {
    Because.CONSENT: "A version asks for more; it waits for an administrator of the site.",
    Because.DECLINED: "An administrator declined exactly this; they can change their mind at any time.",
    Because.WINDOW: "The site is inside its maintenance window; the upgrade waits for its end.",
    Because.TURN: "A watched app becomes a deployed one at one site after the other; this one has its turn later. An "
    "administrator may go ahead.",
    Because.VENDOR: "Nobody is asked, and the version waits until its vendor starts a rollout; an administrator may go "
    "ahead.",
    Because.RETRY: "The app did not accept the call; it is tried again after a pause.",
}
"""Why an installation is not on the newest version. A test fails for one without an entry."""


def draw() -> str:
    """Return the page."""
    rows = (_row(error, kind) for error, kind in TABLE.items())
    others = (f"| {kind.status} | `{kind.type}` | {kind.title} |" for kind in _others())
    return "\n".join(
        [
            HEAD,
            *_table("Errors of ours", ("status", "type", "error", "means"), rows),
            *_table("Other answers", ("status", "type", "title"), others),
            *_table(
                "Calls to strangers that get no answer", ("kind", "means", "may the other side have acted?"), _calls()
            ),
            *_table("Why an installation waits", ("reason", "means"), _waits()),
        ]
    )


def find_gaps() -> list[str]:
    """Return errors without a row of their own or inherited, and kinds and reasons without a meaning."""
    missing = [cls.__name__ for cls in _errors(TradepostError) if not any(base in TABLE for base in cls.__mro__)]
    missing += [kind.value for kind in OutgoingProblem if kind not in OUTGOING]
    return missing + [why.value for why in Because if why not in BECAUSE]


def _errors(base: type[TradepostError]) -> Iterator[type[TradepostError]]:
    for cls in base.__subclasses__():
        yield cls
        yield from _errors(cls)


def _others() -> list[Kind]:
    return [kind for kind in (*BY_STATUS.values(),) if kind not in set(TABLE.values()) - {UNKNOWN}]


def _row(error: type[TradepostError], kind: Kind) -> str:
    means = " ".join((inspect.getdoc(error) or "").split("\n\n")[0].split())
    return f"| {kind.status} | `{kind.type}` | `{error.__name__}` | {means} |"


def _calls() -> Iterator[str]:
    for kind in OutgoingProblem:
        yield f"| `{kind.value}` | {OUTGOING[kind]} | {'yes' if kind.may_have_acted else 'no'} |"


def _waits() -> Iterator[str]:
    for why in Because:
        yield f"| `{why.value}` | {BECAUSE[why]} |"


def _table(title: str, names: tuple[str, ...], rows: Iterator[str]) -> list[str]:
    return [f"## {title}\n", f"| {' | '.join(names)} |", "|---" * len(names) + "|", *rows, ""]
