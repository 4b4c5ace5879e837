"""Models: predict, explain, promote, roll back, export."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from ._downloads import download
from ._inputs import ImageInput, Input, RowInput, bodies
from ._model import ExportFormat, Model, UnknownCategory, UnknownColumn
from ._paging import listed, pages
from ._png import Png
from ._transport import segment

if TYPE_CHECKING:
    import pandas as pd

    from . import types
    from ._client import Client

Output = Literal["label", "probability", "probabilities", "logits"]


class Models:
    """`client.models`. `version` or `alias` selects a version; without, it is the default one or the newest."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._transport = client._transport

    def get(self, model: str, *, version: int | None = None, alias: str | None = None) -> Model:
        params = {"version": version, "alias": alias}
        data = self._transport.json("GET", f"/models/{segment(model)}", params=params)
        return Model(self._client, data)

    def list(self, limit: int | None = None, **query: Any) -> Iterator[Model]:
        """Models, each by its newest version. `query`: name, alias, tag, created_after, where, sort and others."""
        for item in listed(self._transport, "/models", limit, query):
            yield Model(self._client, item)

    def versions(self, model: str) -> builtins.list[Model]:
        """All versions, the newest first."""
        path = f"/models/{segment(model)}/versions"
        return [Model(self._client, item) for item in pages(self._transport, path, {})]

    def contract(
        self, model: str, *, version: int | None = None, alias: str | None = None
    ) -> types.ModelContract:
        """What a version takes and answers."""
        params = {"version": version, "alias": alias}
        path = f"/models/{segment(model)}/contract"
        return cast("types.ModelContract", self._transport.json("GET", path, params=params))

    @overload
    def predict(
        self,
        model: str,
        input: RowInput | Sequence[RowInput] | pd.DataFrame,
        *,
        version: int | None = ...,
        alias: str | None = ...,
        explain: bool = ...,
        unknown_category: UnknownCategory | None = ...,
        unknown_column: UnknownColumn | None = ...,
    ) -> types.RowPredictions: ...

    @overload
    def predict(
        self,
        model: str,
        input: ImageInput | Sequence[ImageInput],
        *,
        version: int | None = ...,
        alias: str | None = ...,
    ) -> types.Predictions: ...

    @overload
    def predict(
        self,
        model: str,
        input: Input,
        *,
        version: int | None = ...,
        alias: str | None = ...,
        explain: bool = ...,
        top_k: int | None = ...,
        outputs: Sequence[Output] | None = ...,
        unknown_category: UnknownCategory | None = ...,
        unknown_column: UnknownColumn | None = ...,
    ) -> Any: ...

    def predict(
        self,
        model: str,
        input: Input,
        *,
        version: int | None = None,
        alias: str | None = None,
        explain: bool = False,
        top_k: int | None = None,
        outputs: Sequence[Output] | None = None,
        unknown_category: UnknownCategory | None = None,
        unknown_column: UnknownColumn | None = None,
    ) -> Any:
        """Predicts images (paths, bytes, PIL images, NumPy arrays) or rows (dicts, lists, arrays, a frame).

        The answer has `predictions`, one for each image or row, and `notes` on what was done to the input. Input
        that exceeds the limits of a request is sent in several, all to the same version.

        `explain`: of rows, also what each column contributes. `top_k`, `outputs`: what of the classes is answered.
        """
        params = {
            "version": version,
            "alias": alias,
            "explain": True if explain else None,
            "topK": top_k,
            "outputs": ",".join(outputs) if outputs else None,
            "unknownCategory": unknown_category,
            "unknownColumn": unknown_column,
        }
        answers: list[dict[str, Any]] = []
        for body in bodies(input, lambda: self.contract(model, version=version, alias=alias)):
            if answers:
                # an alias may move between two requests
                params = {**params, "alias": None, "version": answers[0]["version"]}
            path = f"/models/{segment(model)}/predict"
            answers.append(
                self._transport.json(
                    "POST", path, params={**params, **body.params}, retry=True, **body.options
                )
            )
        return _joined(answers)

    @overload
    def explain(
        self,
        model: str,
        input: RowInput | Sequence[RowInput] | pd.DataFrame,
        *,
        version: int | None = ...,
        alias: str | None = ...,
        target: str | int | None = ...,
    ) -> types.RowExplanations: ...

    @overload
    def explain(
        self,
        model: str,
        input: ImageInput | Sequence[ImageInput],
        *,
        version: int | None = ...,
        alias: str | None = ...,
        target: str | int | None = ...,
        method: Literal["gradCam", "integratedGradients"] | None = ...,
        layer: str | None = ...,
        steps: int | None = ...,
        baseline: Literal["black", "white", "mean"] | None = ...,
    ) -> types.ImageExplanations: ...

    def explain(self, model: str, input: Input, **options: Any) -> Any:
        """What in each image or row speaks for a class (docs/explanations.md).

        `target`: the class, by default the predicted one. `method`, `layer`, `steps` and `baseline` are for images.
        """
        return self._explanation(model, input, options).json()

    def explanation_picture(
        self,
        model: str,
        image: ImageInput,
        *,
        format: Literal["heatMap", "overlay"] = "overlay",
        **options: Any,
    ) -> Png:
        """What in the image speaks for a class, drawn over it or alone. A notebook shows it."""
        return Png(self._explanation(model, image, {**options, "format": format}).content)

    def _explanation(self, model: str, input: Input, options: Mapping[str, Any]) -> Any:
        selection = {name: options.get(name) for name in ("version", "alias")}
        all_bodies = list(bodies(input, lambda: self.contract(model, **selection)))
        if len(all_bodies) > 1:
            raise ValueError("too much for one request; explain fewer images or rows at a time")
        [body] = all_bodies
        path = f"/models/{segment(model)}/explain"
        params = {**options, **body.params}
        return self._transport.request("POST", path, params=params, retry=True, **body.options)

    def promote(
        self,
        model: str,
        to: str,
        *,
        version: int | None = None,
        alias: str | None = None,
        conditions: Sequence[str] = (),
        reason: str | None = None,
    ) -> types.Promotion:
        """Lets the alias `to` name a version, if all conditions hold, such as
        "validationAccuracy >= production.validationAccuracy - 0.002"."""
        request = {"to": to, "version": version, "alias": alias, "reason": reason}
        body: dict[str, Any] = {name: value for name, value in request.items() if value is not None}
        if conditions:
            body["if"] = list(conditions)
        path = f"/models/{segment(model)}/promote"
        return cast("types.Promotion", self._transport.json("POST", path, json=body))

    def rollback(
        self, model: str, alias: str, *, if_version: int | None = None, reason: str | None = None
    ) -> types.ModelAlias:
        """Lets the alias name the version that it named before."""
        request = {"ifVersion": if_version, "reason": reason}
        body = {name: value for name, value in request.items() if value is not None}
        path = f"/models/{segment(model)}/aliases/{segment(alias)}/rollback"
        return cast("types.ModelAlias", self._transport.json("POST", path, json=body))

    def aliases(self, model: str) -> builtins.list[types.ModelAlias]:
        path = f"/models/{segment(model)}/aliases"
        return cast("list[types.ModelAlias]", self._transport.json("GET", path)["items"])

    def annotate(
        self,
        model: str,
        version: int,
        *,
        note: str | None = None,
        stage: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        reason: str | None = None,
    ) -> Model:
        """Changes what is given of a version. An empty note or stage removes it, and None a tag."""
        request = {"note": note, "stage": stage, "tags": tags, "reason": reason}
        body: dict[str, Any] = {name: each for name, each in request.items() if each is not None}
        body.update({name: None for name in ("note", "stage") if request[name] == ""})
        path = f"/models/{segment(model)}/versions/{segment(version)}"
        return Model(self._client, self._transport.json("PATCH", path, json=body))

    def export(
        self,
        model: str,
        path: str | os.PathLike[str] | None = None,
        format: ExportFormat | None = None,
        *,
        version: int | None = None,
        alias: str | None = None,
    ) -> Path:
        """Writes the model for another runtime, and returns the file. `path`: a file, or a folder for it.

        Of a network: onnx (by default), tfjs or checkpoint; of trees: ubj (by default), json or onnx.
        """
        params = {"version": version, "alias": alias, "format": format}
        return download(self._client, f"/models/{segment(model)}/export", params, path)

    def delete(self, model: str, *, version: int | None = None, reason: str | None = None) -> None:
        """Deletes a version, or without one all of them."""
        params = {"version": version, "reason": reason}
        self._transport.request("DELETE", f"/models/{segment(model)}", params=params)


def _joined(answers: list[dict[str, Any]]) -> dict[str, Any]:
    first, *others = answers
    for answer in others:
        first["predictions"] += answer["predictions"]
        first["notes"] += [note for note in answer["notes"] if note not in first["notes"]]
        for column, count in answer.get("unknownCategories", {}).items():
            counts = first["unknownCategories"]
            counts[column] = counts.get(column, 0) + count
    return first
