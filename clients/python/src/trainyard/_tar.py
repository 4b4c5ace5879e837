"""A folder as a tar that is written as it is sent, from any byte on, without a copy on the disk."""

from __future__ import annotations

import bisect
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_BLOCK = 512
_CHUNK = 1 << 20


class _Part(NamedTuple):
    start: int
    content: bytes | Path
    size: int


class FolderTar:
    """The bytes of a tar of `files`, whose names in it begin with that of `folder`.

    The same files give the same bytes, so an upload that broke can go on at any place.
    """

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self._parts: list[_Part] = []
        self.size = 0
        for file in files:
            size = file.stat().st_size
            info = tarfile.TarInfo(file.relative_to(folder.parent).as_posix())
            info.size = size
            self._add(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
            self._add(file, size)
            self._add(bytes(-size % _BLOCK))
        self._add(bytes(2 * _BLOCK))
        self._starts = [part.start for part in self._parts]

    def _add(self, content: bytes | Path, size: int | None = None) -> None:
        length = len(content) if isinstance(content, bytes) else (size or 0)
        if length:
            self._parts.append(_Part(self.size, content, length))
            self.size += length

    def read_from(self, offset: int) -> Iterator[bytes]:
        """Raises ValueError if a file has changed its size meanwhile."""
        first = max(0, bisect.bisect_right(self._starts, offset) - 1)
        for part in self._parts[first:]:
            skip = max(0, offset - part.start)
            if isinstance(part.content, bytes):
                yield part.content[skip:]
            else:
                yield from read_file(part.content, skip, part.size)


def read_file(path: Path, offset: int, size: int) -> Iterator[bytes]:
    """The bytes of a file of `size` bytes from `offset` on."""
    left = size - offset
    with path.open("rb") as file:
        file.seek(offset)
        while left > 0:
            chunk = file.read(min(_CHUNK, left))
            if not chunk:
                break
            left -= len(chunk)
            yield chunk
        if left > 0 or os.fstat(file.fileno()).st_size != size:
            raise ValueError(f"{path} has changed while it was sent; push it again")
