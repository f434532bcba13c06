"""`make demo`: the story of one app, told by the running house itself."""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import FrameType

from tradepost.server.demo.cast import cast_of
from tradepost.server.demo.clock import StuckError
from tradepost.server.demo.rest import AnswerError
from tradepost.server.demo.story import CHAPTERS
from tradepost.server.demo.transcript import NotAsToldError, Transcript
from tradepost.server.house import House, running_house, say, summary
from tradepost.server.places import NoPostgresError
from tradepost.server.ports import find_free_ports
from tradepost.server.supervisor import PartFailedError

TICK_SECONDS = "0.1"
"""Machine time between two looks at what is due; the story waits for each."""


def main(arguments: list[str]) -> int:
    """Tell the story in a house of its own and return 0 only if every step turned out as told."""
    parser = argparse.ArgumentParser(prog="python -m tradepost.server demo", description=main.__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the house up afterwards, to click through")
    asked = parser.parse_args(arguments)
    os.environ["TRADEPOST_TICK_SECONDS"] = TICK_SECONDS
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="tradepost-demo-") as folder,
            running_house(ports=find_free_ports(), var=Path(folder), tell=say) as house,
        ):
            told = tell_story(house)
            if asked.keep:
                print(summary(house), flush=True)  # noqa: T201
                threading.Event().wait()
    except KeyboardInterrupt:
        return 0 if asked.keep else 1
    except (PartFailedError, NoPostgresError) as error:
        say(str(error))
        return 1
    return 0 if told else 1


def tell_story(house: House) -> bool:
    """Tell every chapter; False, with the reason on paper, when one did not turn out as told."""
    begun = time.monotonic()
    paper = Transcript(chapters=len(CHAPTERS))
    cast = cast_of(house, paper)
    paper.at(cast.clock.now())
    with paper.showing_progress():
        for number, chapter in enumerate(CHAPTERS, start=1):
            try:
                with paper.chapter(number, (chapter.__doc__ or "").strip()):
                    chapter(cast)
            except (NotAsToldError, StuckError, AnswerError) as error:
                paper.fail(str(error), logs=house.var / "log")
                return False
    paper.end(seconds=time.monotonic() - begun)
    return True


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
