"""Descriptors compared a second, as each poll that finds new bytes does it, beside a loop that only parses them.

The bare loop is `json.loads` of the same two documents; ours reads both strictly and says every change with its reason.
"""

import argparse
import copy
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from tradepost.core.document import parse_document
from tradepost.core.release import compare_documents

Pair = tuple[bytes, bytes]
PLACES = ("atl.jira.view.issue.right.context", "atl.jira.view.issue.left.context", "system.top.navigation.bar")
KINDS = ("webPanels", "generalPages", "webItems", "jiraProjectPages")


def drawn_pairs(lots: random.Random, count: int) -> Iterator[Pair]:
    """Descriptors of 1 to 40 modules, each with what a vendor changed in the next one."""
    for number in range(count):
        before = _descriptor(lots, number)
        after = copy.deepcopy(before)
        for _ in range(lots.randrange(4)):
            lots.choice(CHANGES)(lots, after)
        yield json.dumps(before, indent=2).encode(), json.dumps(after, indent=2).encode()


def only_parse(pairs: Sequence[Pair]) -> int:
    """The bare loop."""
    return sum(1 for before, after in pairs if json.loads(before) is not json.loads(after))


def compare(pairs: Sequence[Pair]) -> int:
    """How many changes there are."""
    return sum(len(compare_documents(parse_document(before), parse_document(after))) for before, after in pairs)


def only_compare(parsed: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> int:
    """The rules alone."""
    return sum(len(compare_documents(before, after)) for before, after in parsed)


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=7)
    asked, _ = parser.parse_known_args(arguments)
    pairs = list(drawn_pairs(random.Random(asked.seed), asked.pairs))  # noqa: S311  documents, no secrets
    parsed = [(json.loads(before), json.loads(after)) for before, after in pairs]
    size = sum(len(before) + len(after) for before, after in pairs) / len(pairs) / 2
    say(f"{len(pairs)} pairs of descriptors, {size:,.0f} bytes each, with {compare(pairs)} changes")
    works: dict[str, Callable[[], int]] = {
        "json.loads of both": lambda: only_parse(pairs),
        "read strictly and compared": lambda: compare(pairs),
        "compared, read before": lambda: only_compare(parsed),
    }
    seconds = [[_seconds(work) for work in works.values()] for _ in range(asked.rounds)]
    bare = min(row[0] for row in seconds)
    for number, name in enumerate(works):
        mine = [row[number] for row in seconds]
        best, middle = len(pairs) / min(mine), len(pairs) / median(mine)
        say(f"{name:28} {best:9,.0f} a second at best, {middle:9,.0f} in the median, {min(mine) / bare:5.2f} loops")
    return 0


def _seconds(work: Callable[[], int]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _descriptor(lots: random.Random, number: int) -> dict[str, Any]:
    modules: dict[str, list[dict[str, Any]]] = {}
    for each in range(lots.randrange(1, 41)):
        modules.setdefault(lots.choice(KINDS), []).append(_module(lots, each))
    return {
        "key": f"com.example.app-{number}",
        "name": f"Example {number}",
        "description": "An app that is an example of an app.",
        "vendor": {"name": "Example", "url": "https://example.com"},
        "baseUrl": f"https://app-{number}.example.com",
        "authentication": {"type": "jwt"},
        "lifecycle": {"installed": "/installed", "uninstalled": "/uninstalled"},
        "scopes": ["READ", "WRITE"],
        "apiVersion": 1,
        "modules": modules,
    }


def _module(lots: random.Random, number: int) -> dict[str, Any]:
    conditions = [{"condition": "user_is_logged_in"}, {"condition": "addon_is_licensed"}]
    return {
        "key": f"module-{number}",
        "name": {"value": f"Module {number}"},
        "url": f"/module/{number}?issue={{issue.key}}",
        "location": lots.choice(PLACES),
        "weight": lots.randrange(1000),
        "conditions": conditions[: lots.randrange(3)],
    }


def _modules(document: dict[str, Any], lots: random.Random) -> list[dict[str, Any]]:
    return document["modules"][lots.choice(list(document["modules"]))]


def _new_module(lots: random.Random, document: dict[str, Any]) -> None:
    _modules(document, lots).append(_module(lots, 1000 + lots.randrange(1000)))


def _other_address(lots: random.Random, document: dict[str, Any]) -> None:
    lots.choice(_modules(document, lots))["url"] = f"/moved/{lots.randrange(1000)}"


def _more_rights(lots: random.Random, document: dict[str, Any]) -> None:
    document["scopes"] = [*document["scopes"], lots.choice(["DELETE", "ADMIN", "ACT_AS_USER"])]


def _other_words(lots: random.Random, document: dict[str, Any]) -> None:
    document["description"] = f"Better in {lots.randrange(1000)} ways."


CHANGES = (_new_module, _other_address, _more_rights, _other_words)


def say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
