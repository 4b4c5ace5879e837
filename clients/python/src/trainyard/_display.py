"""Shows progress: in a notebook as HTML, on a terminal as one line of stderr, elsewhere not at all."""

from __future__ import annotations

import contextlib
import shutil
import sys
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._frames import installed

if TYPE_CHECKING:
    from types import TracebackType


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this. IPython is not imported if nothing else has."""
    ipython = sys.modules.get("IPython")
    if ipython is None:
        return False
    shell = ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _cell_number() -> int | None:
    """The number of the cell of a notebook that runs."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "execution_count", None)


def on_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:
        # it is closed
        return False


def tell(text: str) -> None:
    """A note for the user. One who no longer listens misses nothing that matters."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


class ShownOnce:
    """What was shown live in a cell of a notebook is not shown again as the answer of that cell."""

    _shown_in: int | None = None

    def _repr_html_(self) -> str:
        raise NotImplementedError

    def _mark_as_shown(self) -> None:
        self._shown_in = _cell_number() if in_notebook() else None

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        if self._shown_in is None or self._shown_in != _cell_number():
            display(HTML(self._repr_html_()))


class LiveHtml:
    """A piece of a notebook that changes. If the notebook is gone, the work goes on without it."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._last: str | None = None
        self._gone = False

    def show(self, html: str) -> None:
        if self._gone or html == self._last:
            return
        self._last = html
        try:
            from IPython.display import HTML, display

            if self._handle is None:
                self._handle = display(HTML(html), display_id=True)
            else:
                self._handle.update(HTML(html))
        except Exception:  # noqa: BLE001
            # whatever a front end does when it closes, it must not end what is shown
            self._gone = True


class LiveLine:
    """A line of a terminal that changes, as wide as the terminal."""

    def __init__(self) -> None:
        self._width = 0
        self._gone = False

    def show(self, text: str) -> None:
        text = _cut(_printable(text), shutil.get_terminal_size().columns - 1)
        padding = " " * max(0, self._width - len(text))
        self._width = len(text)
        self._write(f"\r{text}{padding}")

    def end(self) -> None:
        if self._width:
            self._write("\n")
        self._width = 0

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            self._gone = True


class Bytes:
    """The progress of an upload or download: tqdm's bar if tqdm is installed, else a line, or nothing."""

    def __init__(self, title: str, total: int | None, show: bool | None) -> None:
        self._title, self._total, self._done = title, total, 0
        self._update: Callable[[int], object] = self._nothing
        self._end: Callable[[], object] = lambda: None
        if show is False or (show is None and not (in_notebook() or on_terminal())):
            return
        try:
            # tqdm's bar for notebooks needs ipywidgets, and complains without
            if in_notebook() and installed("ipywidgets"):
                from tqdm.notebook import tqdm
            else:
                from tqdm import tqdm

            bar = tqdm(total=total, desc=title, unit="B", unit_scale=True, unit_divisor=1024)
            self._update, self._end = bar.update, bar.close
        except ImportError:
            line = LiveLine()
            self._update = lambda count: line.show(self._text())
            self._end = line.end

    def __enter__(self) -> Bytes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def done(self) -> int:
        return self._done

    def to(self, done: int) -> None:
        """Also back: a connection that broke may have lost bytes."""
        change, self._done = done - self._done, done
        self._update(change)

    def add(self, count: int) -> None:
        self.to(self._done + count)

    def _text(self) -> str:
        if not self._total:
            return f"{self._title}: {size(self._done)}"
        return f"{self._title}: {self._done / self._total:4.0%} of {size(self._total)}"

    @staticmethod
    def _nothing(count: int) -> None:
        return None


def size(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return (
                f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
            )
        count /= 1024
    raise AssertionError("unreachable")


def duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _printable(text: str) -> str:
    """Without control characters, which could change the terminal."""
    return "".join(c for c in text if unicodedata.category(c)[0] != "C")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"
