"""Curves of metrics as SVG, without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ._display import ShownOnce

if TYPE_CHECKING:
    import os

Point = tuple[float, float]
Curves = Mapping[str, Sequence[Point]]

_WIDTH, _HEIGHT = 420, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 30, 34
# distinct also to colour-blind readers; the second curve of a panel is dashed as well
_COLOURS = ("#2a78d6", "#d1602a", "#1b8f6a", "#8a5cc2", "#a3770a", "#c2417c")


class Chart(ShownOnce):
    """Panels of curves, which a notebook shows. `save` writes them to a file."""

    def __init__(self, title: str, curves: Curves) -> None:
        self.title = title
        self.curves = {
            name: [(x, y) for x, y in points if math.isfinite(y)] for name, points in curves.items()
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes an SVG."""
        target = Path(path)
        target.write_text(self.svg(), encoding="utf-8")
        return target

    def svg(self) -> str:
        panels = self._panels()
        columns = 2 if len(panels) > 1 else 1
        rows = max(1, math.ceil(len(panels) / columns))
        width, height = columns * _WIDTH, rows * _HEIGHT + 24
        body = "".join(
            f'<g transform="translate({index % columns * _WIDTH},{index // columns * _HEIGHT + 24})">'
            f"{_panel(name, curves)}</g>"
            for index, (name, curves) in enumerate(panels.items())
        )
        empty = "" if panels else f'<text x="{_LEFT}" y="60">no metrics yet</text>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'style="max-width:100%;height:auto" font-family="system-ui,sans-serif" font-size="11" '
            f'fill="currentColor" role="img" aria-label="{escape(self.title)}">'
            f'<text x="8" y="16" font-weight="bold" font-size="13">{escape(self.title)}</text>'
            f"{empty}{body}</svg>"
        )

    def _panels(self) -> dict[str, dict[str, Sequence[Point]]]:
        """A metric and the same of the validation share a panel."""
        panels: dict[str, dict[str, Sequence[Point]]] = {}
        for name, points in self.curves.items():
            if points:
                panels.setdefault(_base(name), {})[name] = points
        return panels

    def _repr_html_(self) -> str:
        return self.svg()

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        names = ", ".join(self.curves) or "no metrics yet"
        return f"<Chart {self.title}: {names}; a notebook shows it, save('curves.svg') writes it>"


def _base(name: str) -> str:
    if name.startswith("validation") and name[10:11].isupper():
        return name[10].lower() + name[11:]
    return name


def _panel(name: str, curves: Mapping[str, Sequence[Point]]) -> str:
    xs = [x for points in curves.values() for x, _ in points]
    ys = [y for points in curves.values() for _, y in points]
    x_axis, y_axis = _Axis(xs), _Axis(ys)
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(x: float, y: float) -> str:
        return f"{_LEFT + x_axis.part(x) * inner_width:.1f},{_TOP + (1 - y_axis.part(y)) * inner_height:.1f}"

    parts: list[str] = []
    for y in y_axis.ticks(5):
        left, top = at(x_axis.low, y).split(",")
        parts.append(
            f'<path d="M{left},{top}h{inner_width}" stroke="currentColor" stroke-opacity=".15"/>'
            f'<text x="{_LEFT - 6}" y="{float(top) + 4:.1f}" text-anchor="end">{_label(y)}</text>'
        )
    for x in x_axis.ticks(5):
        left = at(x, y_axis.low).split(",")[0]
        parts.append(
            f'<text x="{left}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{_label(x)}</text>'
        )
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 4}" text-anchor="end">step</text>')
    legend_left = _LEFT
    for index, (curve, points) in enumerate(curves.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        dash = ' stroke-dasharray="5 3"' if index % 2 else ""
        if len(points) == 1:
            cx, cy = at(*points[0]).split(",")
            parts.append(f'<circle cx="{cx}" cy="{cy}" r="3" fill="{colour}"/>')
        else:
            path = " ".join(at(x, y) for x, y in points)
            parts.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>'
            )
        legend = f"{curve} {_label(points[-1][1])}"
        parts.append(
            f'<text x="{legend_left}" y="{_TOP - 10}" fill="{colour}">{escape(legend)}</text>'
        )
        legend_left += 7 * len(legend) + 14
    return f'<g aria-label="{escape(name)}">{"".join(parts)}</g>'


class _Axis:
    def __init__(self, values: Iterable[float]) -> None:
        found = list(values)
        self.low, self.high = min(found), max(found)
        if self.low == self.high:
            margin = abs(self.low) * 0.1 or 1.0
            self.low, self.high = self.low - margin, self.high + margin

    def part(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)

    def ticks(self, about: int) -> list[float]:
        """Round values, 1, 2 or 5 times a power of ten apart."""
        raw = (self.high - self.low) / about
        power = 10 ** math.floor(math.log10(raw))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
        first = math.ceil(self.low / step)
        return [index * step for index in range(first, math.floor(self.high / step) + 1)]


def _label(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 100_000 or abs(value) < 0.0001:
        return f"{value:.0e}"
    return f"{value:.4g}"
