"""Data sets: push files, folders and frames, look at them."""

from __future__ import annotations

import builtins
import io
import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, cast, overload

from ._display import Bytes, LiveLine, in_notebook, on_terminal
from ._downloads import download
from ._errors import ProblemError
from ._events import ServerEvent, follow_events
from ._folder import find_files, is_archive, name_from
from ._frames import installed, is_frame, table
from ._html import card
from ._paging import camel, listed, pages
from ._png import Png
from ._tar import FolderTar
from ._transport import segment
from ._uploads import BytesContent, FileContent, NamedContent, discard, upload

if TYPE_CHECKING:
    import pandas as pd

    from . import types
    from ._client import Client

Source = Union[str, "os.PathLike[str]", "pd.DataFrame", Sequence[Union[str, "os.PathLike[str]"]]]
ArchiveFormat = Literal["tfrecord", "folders", "csv", "parquet", "arrow"]


class Dataset:
    """A data set of the server. `data` is its manifest, as the server answered."""

    def __init__(self, client: Client, data: types.Dataset) -> None:
        self._client = client
        self.data = data

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def records(self) -> int:
        return self.data["records"]

    @property
    def labels(self) -> list[str]:
        """The names of the classes; empty for a table."""
        return list(self.data["labels"]) if self.data["kind"] == "images" else []

    @property
    def notes(self) -> list[str]:
        """What the server inferred, changed or left out."""
        return [note["message"] for note in self.data.get("notes", ())]

    def samples(self, limit: int = 50, **options: Any) -> Any:
        """Images or rows; see `Datasets.samples`."""
        return self._client.datasets.samples(self.id, limit, **options)

    def download(self, format: ArchiveFormat, path: str | os.PathLike[str] | None = None) -> Path:
        return self._client.datasets.download(self.id, format, path)

    def delete(self) -> None:
        self._client.datasets.delete(self.id)

    def __repr__(self) -> str:
        return f"<Dataset {self.name} {self.id}: {self._summary()}>"

    def _summary(self) -> str:
        data = self.data
        if data["kind"] == "images":
            return (
                f"{data['records']} images of {data['height']} x {data['width']} pixels, "
                f"{len(data['labels'])} classes"
            )
        return f"{data['records']} rows, {len(data['columns'])} columns"

    def _repr_html_(self) -> str:
        data = self.data
        rows: list[tuple[str, str | None]] = [("id", data["id"])]
        if data["kind"] == "images":
            counts = zip(data["labels"], data["classCounts"])
            rows.append(("classes", _some([f"{label} ({count})" for label, count in counts])))
        else:
            columns = [f"{column['name']} ({column['type']})" for column in data["columns"]]
            rows += [("columns", _some(columns)), ("target", data["target"])]
        splits = [f"{split['name']} ({split['records']})" for split in data.get("splits", ())]
        rows += [("splits", ", ".join(splits)), ("created", data["createdAt"])]
        rows += [("note", note) for note in self.notes]
        return card(self.name, self._summary(), rows)


class Datasets:
    """`client.datasets`"""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._transport = client._transport

    def push(
        self,
        source: Source,
        name: str | None = None,
        *,
        progress: bool | None = None,
        **options: Any,
    ) -> Dataset:
        """Sends data and returns the data set that the server makes of it. The same data give the same one.

        `source` is a file (CSV, Parquet, Arrow, Excel, zip, tar, TFRecord, NPZ and others), several files of one
        data set, a folder (of images: a folder for each class), or a pandas frame. `options` are the fields of
        docs/datasets.md, such as target="price", resize=64, splits={"val": 0.2}, on_error="skip".

        An upload goes on after the connection breaks. Ctrl-C removes what has arrived.
        """
        contents, inferred = _contents(source)
        request = _dataset_request(name or inferred, options)
        show = self._client.progress if progress is None else progress
        ids: builtins.list[str] = []
        try:
            title = f"sending {request['name']}"
            with Bytes(title, sum(each.content.size for each in contents), show) as bar:
                for file_name, content in contents:
                    ids.append(
                        upload(self._transport, file_name, content, bar, self._client.patience)
                    )
            return self.create(
                {**request, "source": {"kind": "upload", "uploads": ids}}, progress=show
            )
        except BaseException:
            # the server has removed those that it made a data set of
            for id_ in ids:
                discard(self._transport, id_)
            raise

    def create(self, request: Mapping[str, Any], *, progress: bool | None = None) -> Dataset:
        """Makes a data set of what the server fetches: {"source": {"kind": "url", "url": ...}, ...}.

        Waits until it is made. `request` is the body of POST /datasets (docs/data-sources.md).
        """
        # short, so that the progress of what takes longer can be shown
        return self._made("/datasets", request, progress)

    def derive(
        self, dataset: str, request: Mapping[str, Any], *, progress: bool | None = None
    ) -> Dataset:
        """Makes a data set of another one; `request` is that of docs/derived-datasets.md."""
        return self._made(f"/datasets/{segment(dataset)}/derive", request, progress)

    def get(self, dataset: str) -> Dataset:
        """By its id, or the newest of a name."""
        return Dataset(self._client, self._transport.json("GET", f"/datasets/{segment(dataset)}"))

    def list(self, limit: int | None = None, **query: Any) -> Iterator[Dataset]:
        """Data sets, the newest first. `query`: name, kind, created_after, where, sort and others."""
        for item in listed(self._transport, "/datasets", limit, query):
            yield Dataset(self._client, item)

    def versions(self, name: str) -> types.DatasetVersions:
        """The data sets that a name has named."""
        path = f"/datasets/{segment(name)}/versions"
        return cast("types.DatasetVersions", self._transport.json("GET", path))

    def delete(self, dataset: str) -> None:
        self._transport.request("DELETE", f"/datasets/{segment(dataset)}")

    @overload
    def samples(
        self,
        dataset: str,
        limit: int = ...,
        *,
        split: str | None = ...,
        class_: str | None = ...,
        columns: Sequence[str] | None = ...,
        start: int | None = ...,
        frame: Literal[True],
    ) -> pd.DataFrame: ...

    @overload
    def samples(
        self,
        dataset: str,
        limit: int = ...,
        *,
        split: str | None = ...,
        class_: str | None = ...,
        columns: Sequence[str] | None = ...,
        start: int | None = ...,
        frame: Literal[False],
    ) -> builtins.list[dict[str, Any]]: ...

    @overload
    def samples(
        self,
        dataset: str,
        limit: int = ...,
        *,
        split: str | None = ...,
        class_: str | None = ...,
        columns: Sequence[str] | None = ...,
        start: int | None = ...,
        frame: None = ...,
    ) -> Any: ...

    def samples(
        self,
        dataset: str,
        limit: int = 50,
        *,
        split: str | None = None,
        class_: str | None = None,
        columns: Sequence[str] | None = None,
        start: int | None = None,
        frame: bool | None = None,
    ) -> Any:
        """Up to `limit` images or rows from the index `start` on: a pandas frame if pandas is installed.

        Of a table, the columns are those of its rows. Of images, `index`, `class`, `source` and others; `image()`
        gets one. `frame`: True for a frame, False for a list of dicts.
        """
        query = {"split": split, "class": class_, "column": columns, "from": start}
        path = f"/datasets/{segment(dataset)}/samples"
        items = pages(self._transport, path, {**query, "limit": min(limit, 1000)}, most=limit)
        rows = [
            {"index": item["index"], **item["row"]} if "row" in item else item for item in items
        ]
        return table(rows, frame, index="index")

    def image(self, dataset: str, index: int, *, png: bool = False) -> bytes:
        """The file of an image, as it is stored or as a PNG."""
        path = f"/datasets/{segment(dataset)}/images/{segment(index)}"
        params = {"format": "png" if png else None}
        return self._transport.request("GET", path, params=params).content

    def contact_sheet(self, dataset: str, **query: Any) -> Png:
        """Many images as one PNG. `query`: class_, split, columns, rows, cell, from_."""
        path = f"/datasets/{segment(dataset)}/contact-sheet"
        parameters = {camel(name): value for name, value in query.items()}
        return Png(self._transport.request("GET", path, params=parameters).content)

    def download(
        self, dataset: str, format: ArchiveFormat, path: str | os.PathLike[str] | None = None
    ) -> Path:
        """Writes the data set to a file and returns its path. `path`: a file, or a folder for it."""
        return download(
            self._client, f"/datasets/{segment(dataset)}/archive", {"format": format}, path
        )

    def _made(self, path: str, request: Mapping[str, Any], progress: bool | None) -> Dataset:
        response = self._transport.request("POST", path, json=request, params={"wait": 2})
        answer = response.json()
        if response.status_code != 202:
            return Dataset(self._client, answer)
        return self._imported(answer, self._client.progress if progress is None else progress)

    def _imported(self, latest: types.DatasetImport, show: bool | None) -> Dataset:
        """Waits for the end of an import, over restarts of the server."""
        path = f"/imports/{segment(latest['id'])}"
        shown = show is True or (show is None and (in_notebook() or on_terminal()))
        line = LiveLine() if shown else None

        def is_over(event: ServerEvent | None) -> bool:
            nonlocal latest
            latest = json.loads(event.data) if event else self._transport.json("GET", path)
            return latest["finishedAt"] is not None

        try:
            for _ in follow_events(
                self._transport, f"{path}/events", is_over, patience=self._client.patience
            ):
                if line:
                    line.show(_import_text(latest))
        finally:
            if line:
                line.end()
        if latest["problem"]:
            raise ProblemError(latest["problem"])
        # of a name, not of an id, the data set has the name of this request
        return self.get(latest["name"] or cast(str, latest["dataset"]))


def _contents(source: Source) -> tuple[list[NamedContent], str | None]:
    if is_frame(source):
        return [_frame_content(cast("pd.DataFrame", source))], None
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if path.is_dir():
            return _folder_contents(path), name_from(path.resolve())
        return [_file_content(path)], name_from(path)
    if isinstance(source, (list, tuple)):
        if not source:
            raise ValueError("no files: the list is empty")
        paths = [Path(each) for each in source]
        return [_file_content(path) for path in paths], name_from(paths[0])
    raise TypeError(
        f"a value of type {type(source).__name__} cannot be pushed; give a path, a list of paths, or a pandas frame"
    )


def _file_content(path: Path) -> NamedContent:
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder '{path}'")
    if not path.is_file():
        raise ValueError(f"'{path}' is no file; push one folder, or files")
    return NamedContent(path.name, FileContent(path))


def _folder_contents(folder: Path) -> list[NamedContent]:
    files, left_out = find_files(folder)
    for sentence in left_out:
        warnings.warn(f"'{folder}': {sentence}", stacklevel=4)
    packed = [path for path in files if not is_archive(path)]
    contents = [NamedContent(path.name, FileContent(path)) for path in files if is_archive(path)]
    if packed:
        root = folder.resolve()
        tar = FolderTar(root, [root / path.relative_to(folder) for path in packed])
        contents.insert(0, NamedContent(f"{root.name or 'files'}.tar", tar))
    return contents


def _frame_content(frame: pd.DataFrame) -> NamedContent:
    import pandas as pd

    if not isinstance(frame.index, pd.RangeIndex):
        warnings.warn(
            "the index of the frame is left out; frame.reset_index() makes columns of it",
            stacklevel=4,
        )
    buffer = io.BytesIO()
    if installed("pyarrow"):
        frame.to_parquet(buffer, index=False)
        return NamedContent("frame.parquet", BytesContent(buffer.getvalue()))
    warnings.warn(
        "the frame is sent as CSV, so the server infers its types; with pyarrow they are kept",
        stacklevel=4,
    )
    return NamedContent("frame.csv", BytesContent(frame.to_csv(index=False).encode()))


def _dataset_request(name: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    if name is None:
        raise TypeError("a frame has no name: push(frame, name='houses')")
    request: dict[str, Any] = {"name": name}
    request.update({camel(option): value for option, value in options.items()})
    resize = request.get("resize")
    if isinstance(resize, int):
        request["resize"] = {"height": resize, "width": resize}
    elif isinstance(resize, tuple):
        request["resize"] = {"height": resize[0], "width": resize[1]}
    return request


def _import_text(latest: types.DatasetImport) -> str:
    progress = latest["progress"]
    if not progress:
        return f"making {latest['name'] or latest['id']}: {latest['status']}"
    done = f"{progress['done']:,} {progress['unit']}"
    fraction = progress["fraction"]
    part = "" if fraction is None else f", {fraction:.0%}"
    return f"making {latest['name'] or latest['id']}: {progress['phase']} {done}{part}"


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:20]) + (f" and {len(texts) - 20} more" if len(texts) > 20 else "")
