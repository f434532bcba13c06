"""The story on paper: what is told goes to standard output, progress to standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class NotAsToldError(Exception):
    """A step did not turn out as told; the message says what was expected."""


class Transcript:
    """Chapters, facts and checks. A check that fails ends the story."""

    def __init__(self, *, chapters: int, started: datetime) -> None:
        self._paper = Console(highlight=False, soft_wrap=True)
        self._screen = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} chapters · day {task.fields[day]}"),
            TimeElapsedColumn(),
            console=self._screen,
            transient=True,
            disable=not self._screen.is_terminal,
        )
        self._task = self._progress.add_task("starting", total=chapters, day=0)
        self._started = started
        self._now = started
        self.checks = 0

    @contextmanager
    def showing_progress(self) -> Iterator[None]:
        with self._progress:
            yield

    @contextmanager
    def chapter(self, number: int, title: str) -> Iterator[None]:
        self._progress.update(self._task, description=title, completed=number - 1)
        self._paper.print(f"\n[bold]{number}. {title}[/bold]")
        yield
        self._progress.update(self._task, completed=number)

    def at(self, now: datetime) -> None:
        """Note domain time, for the progress display and the lines that follow."""
        self._now = now
        self._progress.update(self._task, day=(now - self._started).days)

    def tell(self, text: str) -> None:
        self._paper.print(f"   {self._stamp()}  {text}", markup=False)

    def quote(self, text: str) -> None:
        for line in text.strip().splitlines():
            self._paper.print(f"              | {line}", markup=False)

    def check(self, holds: object, text: str) -> None:
        """State `text` as seen; raises NotAsToldError where it does not hold."""
        if not holds:
            raise NotAsToldError(text)
        self.checks += 1
        self._paper.print(f"   {self._stamp()}  ✓ {text}", markup=False)

    def _stamp(self) -> str:
        passed = self._now - self._started
        hours, rest = divmod(passed.seconds, 3600)
        return f"day {passed.days:>2} {hours:02}:{rest // 60:02}"


def hours(length: timedelta) -> str:
    """Return a length of time in words a person reads at a glance."""
    total = length.total_seconds() / 3600
    return f"{total:.1f} h" if total >= 1 else f"{total * 60:.0f} min"
