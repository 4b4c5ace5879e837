"""Lists, page after page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._transport import Parameter, Transport


def pages(
    transport: Transport, path: str, query: Mapping[str, Parameter], *, most: int | None = None
) -> Iterator[Any]:
    """The items of all pages, or the first `most`. The next page is read when it is needed."""
    left = most
    cursor: str | None = None
    while left is None or left > 0:
        # a page that follows begins at its cursor, not at an index
        here = {**query, "cursor": cursor, **({"from": None} if cursor else {})}
        page = transport.json("GET", path, params=here)
        yield from page["items"][:left]
        if left is not None:
            left -= len(page["items"])
        cursor = page["nextCursor"]
        if cursor is None:
            return
