"""Answers as files."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from ._display import Bytes
from ._errors import ServerUnreachable
from ._transport import Parameter

if TYPE_CHECKING:
    from ._client import Client


def download(
    client: Client,
    url: str,
    params: Mapping[str, Parameter],
    path: str | os.PathLike[str] | None,
) -> Path:
    """Writes the answer to a file, which is there only when it is complete."""
    transport = client._transport
    try:
        with transport.stream("GET", url, params=params) as response:
            target = _target(path, response.headers.get("content-disposition", ""))
            length = response.headers.get("content-length")
            temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
            try:
                with (
                    temporary.open("xb") as file,
                    Bytes(target.name, int(length) if length else None, client.progress) as bar,
                ):
                    for chunk in response.iter_bytes():
                        file.write(chunk)
                        bar.add(len(chunk))
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except httpx.TransportError as error:
        raise transport.unreachable(error, f"GET {url}") from error
    return target


def _target(path: str | os.PathLike[str] | None, disposition: str) -> Path:
    """What was asked for; in a folder, the name that the server gives."""
    target = Path(path) if path is not None else Path()
    if not target.is_dir():
        if not target.parent.is_dir():
            raise FileNotFoundError(f"there is no folder '{target.parent}'")
        return target
    found = re.search(r'filename="([^"/\\]+)"', disposition)
    if not found or found[1].startswith("."):
        raise ServerUnreachable(f"the answer names no file; give a path in '{target}'")
    return target / found[1]
