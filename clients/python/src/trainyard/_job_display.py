"""How a job is shown while it runs, and as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._display import LiveHtml, LiveLine, duration, in_notebook, on_terminal
from ._html import bar, card, figures

if TYPE_CHECKING:
    from . import types


def html_of(job: types.Job) -> str:
    progress, failure = job["progress"], job["failure"]
    result = job["result"]
    rows: list[tuple[str, str | None]] = [
        ("id", job["id"]),
        ("data set", job["dataset"]["name"]),
        ("step", f"{progress['step']:,} of {progress['steps']:,}{_left(job)}"),
        ("metrics", figures(dict(job["metrics"]))),
        ("waits for", job["waitingFor"]),
        ("failure", f"{failure['message']} ({failure['code']})" if failure else None),
        ("help", failure["help"] if failure else None),
        (
            "model",
            f"{result['model']['id']} version {result['model']['version']}" if result else None,
        ),
    ]
    rows += [("note", note["message"]) for note in job["notes"]]
    return card(
        job["name"], _state(job), rows, bar(progress["fraction"], f"progress of {job['name']}")
    )


def line_of(job: types.Job) -> str:
    progress = job["progress"]
    filled = round(progress["fraction"] * 16)
    return (
        f"{job['name']} {_state(job)} {progress['fraction']:4.0%} "
        f"{'█' * filled}{'░' * (16 - filled)} "
        f"{progress['step']:,}/{progress['steps']:,}{_left(job)} {figures(_headline(job))}"
    )


def _state(job: types.Job) -> str:
    if job["status"] == "queued" and job["queue"]:
        return f"queued, place {job['queue']['position']}"
    return f"{job['status']}, {job['phase']}" if job["phase"] else job["status"]


def _left(job: types.Job) -> str:
    seconds = job["progress"]["etaSeconds"]
    return "" if seconds is None else f", {duration(seconds)} left"


def _headline(job: types.Job) -> dict[str, float | str]:
    """The metrics that fit on a line: those that say how good it is."""
    shown = {name: value for name, value in job["metrics"].items() if "PerSecond" not in name}
    shown.pop("learningRate", None)
    return dict(list(shown.items())[:4])


class JobDisplay:
    """Shows a job while it is waited for. `interval`: seconds between two looks, None if nothing is shown."""

    def __init__(self, show: bool | None) -> None:
        self._html = LiveHtml() if show is not False and in_notebook() else None
        wanted = show is True or (show is None and on_terminal())
        self._line = LiveLine() if wanted and not self._html else None
        self.interval = 1 if self._html or self._line else None
        self._last = ""

    def show(self, job: types.Job) -> None:
        if self._html:
            self._html.show(html_of(job))
        if self._line:
            self._last = line_of(job)
            self._line.show(self._last)

    def note(self, text: str) -> None:
        if self._line:
            self._line.show(f"{text}; {self._last}")

    def end(self) -> None:
        if self._line:
            self._line.end()
