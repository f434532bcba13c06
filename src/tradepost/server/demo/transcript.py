"""The story on paper: what is told goes to standard output, progress to standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class NotAsToldError(Exception):
    """A step did not turn out as told; the message says what was expected."""


class Transcript:
    """Chapters, facts and checks. A check that fails ends the story."""

    def __init__(self, *, chapters: int) -> None:
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
        self._started: datetime | None = None
        self._now: datetime | None = None
        self._checks = 0

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
        self._started = self._started or now
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
        self._checks += 1
        self._paper.print(f"   {self._stamp()}  ✓ {text}", markup=False)

    def fail(self, text: str, *, logs: Path) -> None:
        """Say what did not turn out as told, and the ends of the logs, which are gone with the house."""
        self._paper.print(f"   {self._stamp()}  ✗ {text}", markup=False, style="bold red")
        for log in sorted(logs.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-5:]
            self._screen.print(f"{log.name}:", *lines, sep="\n  ", markup=False)

    def end(self, *, seconds: float) -> None:
        days = (self._now - self._started).days if self._now and self._started else 0
        self._paper.print(
            f"\n[bold]The story turned out as told:[/bold] {self._checks} checks, "
            f"{days} days of domain time (all times are UTC), {seconds:.0f} seconds of yours."
        )

    def _stamp(self) -> str:
        """Domain time: the day of the story and the time of day in UTC."""
        if self._now is None or self._started is None:
            return " " * len("day  0 00:00")
        return f"day {(self._now.date() - self._started.date()).days:>2} {self._now:%H:%M}"


def hours(length: timedelta) -> str:
    """Return a length of time in words a person reads at a glance."""
    total = length.total_seconds() / 3600
    return f"{total:.1f} h" if total >= 1 else f"{total * 60:.0f} min"
