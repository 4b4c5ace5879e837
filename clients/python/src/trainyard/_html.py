"""Small pieces of HTML for notebooks. Every text is escaped: names and notes may hold markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_CELL = "text-align:left;padding:2px 12px 2px 0;vertical-align:top"


def card(title: str, subtitle: str, rows: Iterable[tuple[str, str | None]], after: str = "") -> str:
    """`rows` are names and texts; those without a text are left out. `after` is HTML."""
    body = "".join(
        f'<tr><td style="{_CELL};opacity:.7;white-space:nowrap">{escape(name)}</td>'
        f'<td style="{_CELL}">{escape(text)}</td></tr>'
        for name, text in rows
        if text not in (None, "")
        for text in [str(text)]
    )
    return (
        '<div class="trainyard" style="font-family:system-ui,sans-serif;font-size:13px">'
        f'<div><strong>{escape(title)}</strong> <span style="opacity:.7">{escape(subtitle)}</span></div>'
        f"{after}"
        f'<table style="border-collapse:collapse;margin-top:4px">{body}</table></div>'
    )


def bar(fraction: float, label: str) -> str:
    percent = max(0.0, min(1.0, fraction)) * 100
    return (
        f'<div role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent:.0f}" '
        f'aria-label="{escape(label)}" '
        'style="width:320px;max-width:100%;height:8px;margin:4px 0;background:#8884;border-radius:4px">'
        f'<div style="width:{percent:.1f}%;height:8px;background:#2a78d6;border-radius:4px"></div></div>'
    )


def figures(values: dict[str, float | str]) -> str:
    return ", ".join(f"{name} {figure(value)}" for name, value in values.items())


def figure(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
