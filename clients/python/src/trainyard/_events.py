"""Server-sent events, which go on where they broke."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Callable, NamedTuple

import httpx

from ._errors import ProblemError, ServerUnreachable
from ._transport import Parameter, Transport, passes

# the server sends a comment every 15 seconds: after this, the connection is dead
_SILENCE = 60.0
_LONGEST_DELAY = 5.0


class ServerEvent(NamedTuple):
    name: str
    data: str
    id: str | None


def parse_events(chunks: Iterable[bytes]) -> Iterator[ServerEvent]:
    """The events of a stream. One that is not complete when the stream ends is left out."""
    name, id_, data = "message", None, []  # type: str, str | None, list[str]
    for line in _lines(chunks):
        if not line:
            if data:
                yield ServerEvent(name, "\n".join(data), id_)
            name, id_, data = "message", None, []
            continue
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            id_ = value


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    # not str.splitlines(): texts may contain U+2028 and others, which end no line here
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r").decode("utf-8", "replace")


def follow_events(
    transport: Transport,
    path: str,
    is_over: Callable[[ServerEvent | None], bool],
    *,
    params: Mapping[str, Parameter] | None = None,
    patience: float,
) -> Iterator[ServerEvent]:
    """The events of `path`, over broken connections and restarts, without gap or duplicate.

    `is_over` is asked after each event, and with None after a stream has ended: whether no more will follow.
    Raises ServerUnreachable if no connection succeeds for `patience` seconds.
    """
    last_id: str | None = None
    gone_since: float | None = None
    delay = 0.0
    while True:
        headers = {"accept": "text/event-stream"}
        if last_id is not None:
            headers["last-event-id"] = last_id
        try:
            with transport.stream(
                "GET", path, params=params, headers=headers, read_timeout=_SILENCE
            ) as response:
                # a job that waits has no events, and its connection may break and come back often
                gone_since = None
                for event in parse_events(response.iter_bytes()):
                    last_id = event.id if event.id is not None else last_id
                    delay = 0.0
                    yield event
                    if is_over(event):
                        return
            reason = "the stream ended"
            if is_over(None):
                return
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
        except ProblemError as error:
            if not passes(error):
                raise
            reason = str(error)
        if gone_since is None:
            gone_since = time.monotonic()
        if time.monotonic() - gone_since > patience:
            raise ServerUnreachable(
                f"no connection to {transport.url}{path} for {patience:g} s ({reason}); "
                "is the server up? Follow again when it is: nothing is lost"
            )
        delay = min(_LONGEST_DELAY, delay * 2 or 0.25)
        time.sleep(delay)
