"""Pictures of the server."""

from __future__ import annotations


class Png(bytes):
    """The bytes of a PNG, which a notebook shows."""

    def _repr_png_(self) -> bytes:
        return bytes(self)

    def __repr__(self) -> str:
        return f"<Png of {len(self)} bytes>"

    __str__ = __repr__
