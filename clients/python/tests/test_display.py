"""What is shown: on terminals, in notebooks, and when nobody looks any more."""

from __future__ import annotations

import io
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import trainyard
from trainyard import types
from trainyard._chart import Chart
from trainyard._display import Bytes, LiveHtml, LiveLine, duration, size, tell
from trainyard._events import ServerEvent, parse_events
from trainyard._html import card
from trainyard._job_display import JobDisplay


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of 40 columns in place of stderr. Not a fixture: pytest sets stderr after these."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    return terminal


def test_a_terminal_of_40_columns_shows_lines_of_less(
    monkeypatch: pytest.MonkeyPatch, job: trainyard.Job
) -> None:
    terminal = terminal_of(monkeypatch)
    job.wait()
    shown = terminal.getvalue()
    assert shown.endswith("\n")
    assert "shapes-net succeeded" in shown
    assert all(len(line) < 40 for line in shown.replace("\n", "\r").split("\r"))


def test_what_is_no_terminal_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, job: trainyard.Job
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    job.wait()
    assert stream.getvalue() == ""
    job.wait(progress=True)
    assert "succeeded" in stream.getvalue()


def test_a_closed_terminal_ends_no_waiting(
    monkeypatch: pytest.MonkeyPatch, job: trainyard.Job
) -> None:
    closed = Terminal()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    tell("nobody reads this")
    assert job.wait(progress=True).status == "succeeded"
    monkeypatch.setattr(sys, "stderr", None)
    tell("nor this")
    assert job.wait().status == "succeeded"


def test_control_characters_do_not_reach_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    line = LiveLine()
    line.show("a\x1b[31mb\u202ec")
    assert terminal.getvalue() == "\ra[31mbc"


def test_a_closed_notebook_ends_no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython import display

    calls: list[Any] = []

    class Gone:
        def update(self, shown: Any) -> None:
            calls.append(shown)
            raise RuntimeError("the socket is closed")

    monkeypatch.setattr(display, "display", lambda *args, **options: Gone())
    live = LiveHtml()
    for text in ("one", "two", "three"):
        live.show(text)
    assert len(calls) == 1


def test_bytes_are_shown_without_tqdm_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = terminal_of(monkeypatch)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with Bytes("sending", 2048, None) as bar:
        bar.add(1024)
        bar.to(512)
        bar.add(1536)
    assert [part.strip() for part in terminal.getvalue().split("\r")[1:]] == [
        "sending:  50% of 2.0 KiB",
        "sending:  25% of 2.0 KiB",
        "sending: 100% of 2.0 KiB",
    ]


def test_a_failed_job_with_markup_is_escaped(job: trainyard.Job) -> None:
    html = card("<i>", "&", [("<u>", "<script>"), ("nothing", None)])
    assert "<i>" not in html
    assert "<u>" not in html
    assert "<script>" not in html
    assert "nothing" not in html
    JobDisplay(False).show(job.data)


def test_curves_are_well_formed_and_share_panels(job: trainyard.Job, tmp_path: Path) -> None:
    chart = job.plot()
    tree = ElementTree.fromstring(chart.save(tmp_path / "curves.svg").read_text("utf-8"))  # noqa: S314
    panels = [each.get("aria-label") for each in tree.iter("{http://www.w3.org/2000/svg}g")]
    assert "loss" in panels
    assert "validationLoss" not in panels
    lines = list(tree.iter("{http://www.w3.org/2000/svg}polyline"))
    assert len(lines) >= 4
    for line in lines:
        for point in (line.get("points") or "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 420
            assert 0 <= y <= 240
    assert "curves.svg" in repr(chart)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(1, 5.0)],
        [(1, 0.0), (2, 0.0)],
        [(1, float("nan")), (2, float("inf")), (3, 1.0)],
        [(1, -1e300), (2, 1e300)],
        [(1, 1e-300), (2, 2e-300)],
        [(10**12, 1.0), (10**12 + 1, 1.0 + 1e-15)],
    ],
)
def test_curves_of_odd_values_are_drawn(points: list[tuple[float, float]]) -> None:
    svg = Chart("<odd & name>", {"loss": points}).svg()
    ElementTree.fromstring(svg)  # noqa: S314
    assert "nan" not in svg
    assert "inf" not in svg.replace("infinity", "")


def test_sizes_and_times_are_short() -> None:
    assert [size(n) for n in (0, 1023, 1536, 5 * 2**30)] == [
        "0 bytes",
        "1023 bytes",
        "1.5 KiB",
        "5.0 GiB",
    ]
    assert [duration(s) for s in (0.4, 75, 7300)] == ["0 s", "1 min 15 s", "2 h 1 min"]


def test_events_are_read_as_the_standard_says() -> None:
    stream = b": hello\n\nevent: job\r\nid: 7\r\ndata: one\r\ndata:two\r\n\r\ndata: \xe2\x80\xa8x\n\nevent: cut\ndata: y\n"
    for length in (1, 3, len(stream)):
        chunks = [stream[start : start + length] for start in range(0, len(stream), length)]
        assert list(parse_events(chunks)) == [
            ServerEvent("job", "one\ntwo", "7"),
            ServerEvent("message", "\u2028x", None),
        ]


def test_answers_have_the_fields_of_their_types(
    client: trainyard.Client, trees: trainyard.Model
) -> None:
    assert set(client.server()) == set(types.ServerInfo.__annotations__)
    assert set(client.workers()) == set(types.WorkerList.__annotations__)
    assert set(trees.data) <= set(types.BoostingModel.__annotations__)
    contract = client.models.contract(trees.name)
    assert set(contract) == set(types.BoostingContract.__annotations__)
