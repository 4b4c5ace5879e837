"""A TCP proxy that breaks connections, as networks do."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit


class CuttingProxy:
    """`cut_up` and `cut_down`: after so many bytes to and from the server, a connection breaks, as long as
    `cuts` is above 0. `connections` counts those that were made."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cut_up: int | None = None
        self.cut_down: int | None = None
        self.cuts = 0
        self.cuts_done = 0
        self.connections = 0
        self.received = b""

    def __enter__(self) -> CuttingProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(self._server)
            for source, target, limit, up in (
                (client, server, self.cut_up, True),
                (server, client, self.cut_down, False),
            ):
                arguments = (source, target, limit, up)
                threading.Thread(target=self._copy, args=arguments, daemon=True).start()

    def _copy(
        self, source: socket.socket, target: socket.socket, limit: int | None, up: bool
    ) -> None:
        copied = 0
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                if up:
                    self.received += chunk[:4096]
                if limit is not None and self.cuts > 0 and copied + len(chunk) > limit:
                    target.sendall(chunk[: limit - copied])
                    self.cuts -= 1
                    self.cuts_done += 1
                    break
                target.sendall(chunk)
                copied += len(chunk)
        for each in (source, target):
            with contextlib.suppress(OSError):
                # ends both directions at once, also for a thread that reads
                each.shutdown(socket.SHUT_RDWR)
            each.close()
