"""One version of a model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ._html import card, figures
from ._inputs import ImageInput, Input, RowInput
from ._png import Png

if TYPE_CHECKING:
    import pandas as pd

    from . import types
    from ._client import Client

ExportFormat = Literal["ubj", "json", "onnx", "tfjs", "checkpoint"]
UnknownCategory = Literal["missing", "error"]
UnknownColumn = Literal["error", "ignore"]


class Model:
    """One version of a model. `data` is what the server answered."""

    def __init__(self, client: Client, data: types.Model) -> None:
        self._client = client
        self.data = data

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def version(self) -> int:
        return self.data["version"]

    @property
    def labels(self) -> list[str]:
        """The names of the classes; empty if the model predicts numbers."""
        return list(self.data.get("labels") or ())

    @property
    def metrics(self) -> dict[str, float]:
        return {name: float(value) for name, value in self.data["metrics"].items()}

    @overload
    def predict(
        self,
        input: RowInput | Sequence[RowInput] | pd.DataFrame,
        *,
        explain: bool = ...,
        unknown_category: UnknownCategory | None = ...,
        unknown_column: UnknownColumn | None = ...,
    ) -> types.RowPredictions: ...

    @overload
    def predict(self, input: ImageInput | Sequence[ImageInput]) -> types.Predictions: ...

    @overload
    def predict(self, input: Input, **options: Any) -> Any: ...

    def predict(self, input: Input, **options: Any) -> Any:
        """Predicts with this version; see `Models.predict`."""
        return self._client.models.predict(self.name, input, version=self.version, **options)

    @overload
    def explain(
        self, input: RowInput | Sequence[RowInput] | pd.DataFrame, *, target: str | int | None = ...
    ) -> types.RowExplanations: ...

    @overload
    def explain(
        self, input: ImageInput | Sequence[ImageInput], **options: Any
    ) -> types.ImageExplanations: ...

    def explain(self, input: Input, **options: Any) -> Any:
        """Explains with this version; see `Models.explain`."""
        return self._client.models.explain(self.name, input, version=self.version, **options)

    def explanation_picture(self, image: ImageInput, **options: Any) -> Png:
        """A PNG, which a notebook shows; see `Models.explanation_picture`."""
        return self._client.models.explanation_picture(
            self.name, image, version=self.version, **options
        )

    def promote(self, to: str, *, reason: str | None = None) -> types.Promotion:
        """Lets an alias, such as production, name this version."""
        return self._client.models.promote(self.name, to, version=self.version, reason=reason)

    def export(
        self, path: str | os.PathLike[str] | None = None, format: ExportFormat | None = None
    ) -> Path:
        return self._client.models.export(self.name, path, format, version=self.version)

    def __repr__(self) -> str:
        return f"<Model {self.name} version {self.version}: {figures(self._figures())}>"

    def _figures(self) -> dict[str, float | str]:
        return dict(self.data["metrics"])

    def _repr_html_(self) -> str:
        data = self.data
        rows: list[tuple[str, str | None]] = [
            ("kind", data["model"]["kind"]),
            ("data set", data["dataset"]["name"]),
            ("metrics", figures(self._figures())),
            ("classes", ", ".join(self.labels[:20])),
            ("aliases", ", ".join(data["aliases"])),
            ("tags", ", ".join(f"{name}={value}" for name, value in data["tags"].items())),
            ("note", data["note"]),
            ("job", data["jobId"]),
            ("created", data["createdAt"]),
        ]
        return card(self.name, f"version {self.version}", rows)
