"""How a run goes on, told while it runs: bars on a terminal and in a notebook, plain lines elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from curate.models.usage import Usage, total
from curate.shown import say


@dataclass(frozen=True)
class StageReport:
    """What one stage did in a run: the row of the funnel.

    `usage` is what it asked of each model, `cost` in money; `repaired` are sentences on results that were damaged.
    """

    label: str
    key: str
    came: int
    kept: int
    dropped: dict[str, int]
    seconds: float
    cached: bool
    stats: dict[str, float] = field(default_factory=dict)
    usage: dict[str, Usage] = field(default_factory=dict)
    cost: float | None = None
    repaired: list[str] = field(default_factory=list)

    @property
    def per_kept(self) -> dict[str, float]:
        """What each record that is kept took: tokens of prompts and completions, and money where models have prices."""
        if not self.usage or not self.kept:
            return {}
        asked = total(self.usage.values())
        shares = {"prompt_tokens": asked.prompt_tokens, "completion_tokens": asked.completion_tokens, "cost": self.cost}
        return {name: value / self.kept for name, value in shares.items() if value is not None}


class Progress(Protocol):
    """Told how a run goes on, between `start` and `stop`."""

    def start(self) -> None:
        """The run begins."""

    def begin(self, label: str, rows: int, done: int) -> None:
        """A stage begins; `done` of its `rows` are there from an earlier run."""

    def advance(self, rows: int) -> None:
        """A shard of this many rows is finished."""

    def end(self, report: StageReport) -> None:
        """The stage is finished."""

    def stop(self) -> None:
        """The run ends, finished or not."""


def watch() -> Progress:
    """Bars where someone can watch them, on a terminal or in a notebook, else lines on the standard error."""
    console = Console(stderr=True, highlight=False)
    return Bars(console) if console.is_terminal or console.is_jupyter else Lines()


class Bars:
    """A progress bar for each stage."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description:<14}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = RichProgress(*columns, console=console)
        self._task: TaskID | None = None

    def start(self) -> None:
        """Shows the bars."""
        self._progress.start()

    def stop(self) -> None:
        """Leaves the bars as they are."""
        self._progress.stop()

    def begin(self, label: str, rows: int, done: int) -> None:
        """Opens the bar of a stage."""
        self._task = self._progress.add_task(label, total=rows, completed=done)

    def advance(self, rows: int) -> None:
        """Moves the bar of the current stage."""
        if self._task is not None:
            self._progress.advance(self._task, rows)

    def end(self, report: StageReport) -> None:
        """Closes the bar of the current stage."""
        if self._task is not None:
            self._progress.update(self._task, description=f"{report.label} (cached)" if report.cached else report.label)


class Lines:
    """A line with the time for each shard and each stage, written out at once: for a log file."""

    def __init__(self) -> None:
        self._label, self._rows, self._done = "", 0, 0

    def start(self) -> None:
        """Says nothing yet."""

    def stop(self) -> None:
        """Says nothing more."""

    def begin(self, label: str, rows: int, done: int) -> None:
        """A line for a stage that is not finished already."""
        self._label, self._rows, self._done = label, rows, done
        if done < rows:
            say(f"{label}: begins, {done} of {rows} rows are there")

    def advance(self, rows: int) -> None:
        """A line for a shard."""
        self._done += rows
        say(f"{self._label}: {self._done} of {self._rows} rows")

    def end(self, report: StageReport) -> None:
        """A line for a finished stage."""
        dropped = "".join(f", {count} {reason}" for reason, count in report.dropped.items())
        how = "cached" if report.cached else f"{report.seconds:.1f} s"
        say(f"{report.label}: kept {report.kept}{dropped} ({how})")
