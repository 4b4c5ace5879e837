"""The client."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from ._connection import find_connection
from ._datasets import Datasets
from ._jobs import Jobs
from ._models import Models
from ._transport import Transport

if TYPE_CHECKING:
    from . import types


class Client:
    """A client of one Trainyard server. Threads may share it.

        client = trainyard.Client()
        client.datasets.push("shapes/")
        job = client.jobs.submit(name="first", dataset="shapes", model={"kind": "resnet"})
        job.wait()
        client.models.predict("first", "new.jpg")

    `url` and `key` are by default those of TRAINYARD_URL and TRAINYARD_KEY, of `trainyard login`, or of the server on
    this machine if the program runs where its folder `data` is. The key is sent to no other server.

    `timeout`: seconds to wait for an answer. `retries`: how often a request is repeated that the server did not answer
    or was too busy for; only requests that change nothing twice. `patience`: seconds without a server after which
    waiting, following and uploading give up. `progress`: whether to show it; by default on terminals and in notebooks.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        retries: int = 4,
        patience: float = 300.0,
        progress: bool | None = None,
    ) -> None:
        connection = find_connection(url, key)
        self.url = connection.url
        self.patience = patience
        self.progress = progress
        self._transport = Transport(
            connection.url, connection.key, timeout=timeout, retries=retries
        )
        self.jobs = Jobs(self)
        self.datasets = Datasets(self)
        self.models = Models(self)

    def server(self) -> types.ServerInfo:
        """What the server is, has and takes."""
        return cast("types.ServerInfo", self._transport.json("GET", "/server"))

    def workers(self) -> types.WorkerList:
        """The workers that are alive."""
        return cast("types.WorkerList", self._transport.json("GET", "/workers"))

    def request(self, method: str, path: str, *, json: Any = None, params: Any = None) -> Any:
        """Any request of the API (/docs of the server lists them), for what has no method here. Answers its JSON."""
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError(f"{path!r} is no path of the server; expected one such as /jobs")
        return self._transport.json(method.upper(), path, json=json, params=params)

    def close(self) -> None:
        """Closes the connections. A program that ends does so, too."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<trainyard.Client {self.url}>"
