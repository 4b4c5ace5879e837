"""Lists, page after page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._transport import Parameter, Transport

_LONGEST_PAGE = 1000


def camel(name: str) -> str:
    """The server's name of a keyword: createdAfter of created_after, class of class_."""
    first, *others = name.rstrip("_").split("_")
    return first + "".join(word.title() for word in others)


def listed(
    transport: Transport, path: str, limit: int | None, query: Mapping[str, Parameter]
) -> Iterator[Any]:
    """The items that match the keywords, or the first `limit`."""
    size = _LONGEST_PAGE if limit is None else max(1, min(limit, _LONGEST_PAGE))
    parameters = {camel(name): value for name, value in query.items()}
    return pages(transport, path, {**parameters, "limit": size}, most=limit)


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
