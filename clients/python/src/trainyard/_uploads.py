"""Resumable uploads by the tus protocol 1.0: what has arrived is not sent again."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import httpx

from ._display import Bytes
from ._errors import ProblemError, ServerUnreachable, TrainyardError
from ._tar import FolderTar, read_file
from ._transport import Transport, passes, segment

_TUS = {"tus-resumable": "1.0.0"}
# more or less has arrived than this client knows, a broken request is not over on the server, or bytes have changed
_SENT_AGAIN = (409, 423, 460)
_LONGEST_DELAY = 10.0
_CHUNK = 1 << 20
# with a checksum, a part arrives as a whole or not at all: they grow while nothing breaks
_FIRST_PART, _LARGEST_PART = 1 << 20, 16 << 20


class Content(Protocol):
    """What is uploaded. It can be read from any byte on."""

    @property
    def size(self) -> int: ...

    def read_from(self, offset: int) -> Iterator[bytes]: ...


class BytesContent:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    def read_from(self, offset: int) -> Iterator[bytes]:
        for start in range(offset, self.size, _CHUNK):
            yield self._content[start : start + _CHUNK]


class FileContent:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size

    def read_from(self, offset: int) -> Iterator[bytes]:
        return read_file(self._path, offset, self.size)


class NamedContent(NamedTuple):
    """A file of an upload."""

    name: str
    content: BytesContent | FileContent | FolderTar


def upload(transport: Transport, name: str, content: Content, bar: Bytes, patience: float) -> str:
    """Sends the content and returns the id of the upload. Goes on after breaks, up to `patience` seconds."""
    metadata = base64.b64encode(name.encode("utf-8", "surrogateescape")).decode("ascii")
    response = transport.request(
        "POST",
        "/uploads",
        # if an answer is lost, an empty upload is left behind, which the server removes
        retry=True,
        headers={
            **_TUS,
            "upload-length": str(content.size),
            "upload-metadata": f"filename {metadata}",
        },
    )
    # only the id: the address may be a public one, to which the key must not go
    id_ = response.headers["location"].rstrip("/").rsplit("/", 1)[1]
    before = bar.done
    send = _send_parts if _has_checksums(transport) else _send
    try:
        offset, alive_at, delay = 0, time.monotonic(), 0.5
        while offset < content.size:
            try:
                send(transport, id_, content, offset, bar)
                return id_
            except httpx.TransportError as error:
                broken = str(error) or type(error).__name__
            except ProblemError as problem:
                if not passes(problem) and problem.status not in _SENT_AGAIN:
                    raise
                broken = str(problem)
            time.sleep(delay)
            try:
                arrived = _arrived(transport, id_)
            except ServerUnreachable as gone:
                broken, arrived = str(gone), offset
            if arrived > offset:
                alive_at, delay = time.monotonic(), 0.5
            else:
                delay = min(_LONGEST_DELAY, delay * 2)
            offset = arrived
            bar.to(before + offset)
            if time.monotonic() - alive_at > patience:
                raise ServerUnreachable(
                    f"the upload of {name} to {transport.url} made no progress for {patience:g} s "
                    f"({broken}); is the server up?"
                )
        return id_
    except BaseException:
        discard(transport, id_)
        raise


def _send(transport: Transport, id_: str, content: Content, offset: int, bar: Bytes) -> None:
    def chunks() -> Iterator[bytes]:
        for chunk in content.read_from(offset):
            yield chunk
            bar.add(len(chunk))

    transport.request_once(
        "PATCH",
        f"/uploads/{segment(id_)}",
        content=chunks(),
        headers={
            **_TUS,
            "upload-offset": str(offset),
            "content-type": "application/offset+octet-stream",
            "content-length": str(content.size - offset),
        },
    )


def _has_checksums(transport: Transport) -> bool:
    try:
        response = transport.request("OPTIONS", "/uploads", headers=_TUS)
    except ProblemError:
        return False
    return "sha256" in response.headers.get("tus-checksum-algorithm", "").split(",")


def _send_parts(transport: Transport, id_: str, content: Content, offset: int, bar: Bytes) -> None:
    for part in _parts(content.read_from(offset)):
        digest = base64.b64encode(hashlib.sha256(part).digest()).decode("ascii")
        transport.request_once(
            "PATCH",
            f"/uploads/{segment(id_)}",
            content=part,
            headers={
                **_TUS,
                "upload-offset": str(offset),
                "upload-checksum": f"sha256 {digest}",
                "content-type": "application/offset+octet-stream",
            },
        )
        offset += len(part)
        bar.add(len(part))


def _parts(chunks: Iterator[bytes]) -> Iterator[bytes]:
    part, size = bytearray(), _FIRST_PART
    for chunk in chunks:
        part += chunk
        if len(part) >= size:
            yield bytes(part)
            part.clear()
            size = min(_LARGEST_PART, size * 2)
    if part:
        yield bytes(part)


def _arrived(transport: Transport, id_: str) -> int:
    response = transport.request("HEAD", f"/uploads/{segment(id_)}", headers=_TUS)
    return int(response.headers["upload-offset"])


def discard(transport: Transport, id_: str) -> None:
    """Removes an upload that is of no use. If that fails, the server does it a day later."""
    with contextlib.suppress(TrainyardError, httpx.TransportError):
        transport.request_once("DELETE", f"/uploads/{segment(id_)}", headers=_TUS)
