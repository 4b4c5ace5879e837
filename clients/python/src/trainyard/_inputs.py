"""What is predicted: images and rows in Python's forms, as bodies of requests."""

from __future__ import annotations

import io
import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union, cast

from ._frames import installed, is_array, is_frame, is_pil_image, json_records, json_value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from PIL import Image

    from . import types

ImageInput = Union[str, "os.PathLike[str]", bytes, "Image.Image", "np.ndarray[Any, Any]"]
RowInput = Mapping[str, Any]
Input = Union[
    ImageInput, RowInput, "pd.DataFrame", Sequence[ImageInput], Sequence[RowInput], Sequence[Any]
]

# in one request without a look at the limits of the model
_FEW = 16
_MIB = 1 << 20


class Body(NamedTuple):
    """Arguments of a request."""

    options: dict[str, Any]
    params: dict[str, Any]


class _Limits(NamedTuple):
    instances: int
    files: int
    text: int
    binary: int


class _File(NamedTuple):
    name: str
    content: bytes


def bodies(input: Input, contract: Callable[[], types.ModelContract]) -> Iterator[Body]:
    """One body, or several if the input exceeds the limits of a request. `contract` asks the server."""
    if is_frame(input):
        yield from _frame_bodies(cast("pd.DataFrame", input), contract)
    elif is_array(input):
        yield from _array_bodies(cast("np.ndarray[Any, Any]", input), contract())
    elif isinstance(input, Mapping):
        yield from _row_bodies([input], contract)
    elif isinstance(input, (str, os.PathLike, bytes, bytearray)) or is_pil_image(input):
        yield from _file_bodies([input], contract)
    elif isinstance(input, Sequence):
        yield from _sequence_bodies(input, contract)
    else:
        raise _unknown(input)


def _sequence_bodies(
    items: Sequence[Any], contract: Callable[[], types.ModelContract]
) -> Iterator[Body]:
    if not items:
        raise ValueError("nothing to predict: the list is empty")
    if all(isinstance(item, (Mapping, list, tuple, int, float)) for item in items):
        # a list of numbers is one row, or one flat image
        single = all(isinstance(item, (int, float)) for item in items)
        yield from _row_bodies([items] if single else items, contract)
    elif all(is_array(item) for item in items):
        import numpy as np

        shapes = sorted({item.shape for item in items})
        if len(shapes) > 1:
            raise ValueError(
                f"the arrays have different shapes, such as {shapes[0]} and {shapes[1]}; "
                "give files or PIL images to have them resized"
            )
        yield from _array_bodies(np.stack(items), contract())
    elif all(
        isinstance(item, (str, os.PathLike, bytes, bytearray)) or is_pil_image(item)
        for item in items
    ):
        yield from _file_bodies(items, contract)
    else:
        raise _unknown(next((i for i in items if type(i) is not type(items[0])), items[0]))


def _unknown(value: object) -> TypeError:
    return TypeError(
        f"a value of type {type(value).__name__} cannot be predicted; give images (paths, bytes, PIL images or NumPy "
        "arrays), rows (dicts), a list of one of these, or a pandas frame"
    )


def _limits(count: int, contract: Callable[[], types.ModelContract]) -> _Limits:
    if count <= _FEW:
        return _Limits(_FEW, _FEW, 8 * _MIB, 32 * _MIB)
    limits = contract()["limits"]
    return _Limits(
        limits["instances"],
        limits.get("files", limits["instances"]),
        limits["textBytes"],
        limits["binaryBytes"],
    )


def _file_bodies(
    items: Sequence[Any], contract: Callable[[], types.ModelContract]
) -> Iterator[Body]:
    limits = _limits(len(items), contract)
    batch: list[_File] = []
    size = 0
    for index, item in enumerate(items):
        file = _file(item, index)
        # each part of a form has some bytes around it
        length = len(file.content) + 1024
        if batch and (len(batch) == limits.files or size + length > limits.binary):
            yield _form(batch)
            batch, size = [], 0
        batch.append(file)
        size += length
    yield _form(batch)


def _form(files: list[_File]) -> Body:
    form = [("image", (file.name, file.content, "application/octet-stream")) for file in files]
    return Body({"files": form}, {})


def _file(item: Any, index: int) -> _File:
    if isinstance(item, (bytes, bytearray)):
        return _File(f"image-{index}", bytes(item))
    if isinstance(item, (str, os.PathLike)):
        path = Path(item)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file '{path}'")
        return _File(path.name, path.read_bytes())
    image = cast("Image.Image", item)
    if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        if image.mode.startswith(("I", "F")):
            raise ValueError(
                f"image {index} has mode {image.mode}, whose values have no fixed range; "
                "convert it to L or RGB as you want its values to be read"
            )
        image = image.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return _File(
        os.path.basename(getattr(item, "filename", "")) or f"image-{index}", buffer.getvalue()
    )


def _row_bodies(rows: Sequence[Any], contract: Callable[[], types.ModelContract]) -> Iterator[Body]:
    limits = _limits(len(rows), contract)
    start = 0
    while start < len(rows):
        count = min(limits.instances, len(rows) - start)
        while True:
            text = _json({"instances": rows[start : start + count]})
            if len(text) <= limits.text or count == 1:
                break
            count = max(1, count * limits.text // len(text) * 9 // 10)
        yield Body({"content": text, "headers": {"content-type": "application/json"}}, {})
        start += count


def _json(value: Any) -> bytes:
    def encode(inner: Any) -> Any:
        if isinstance(inner, Mapping):
            return {str(name): encode(each) for name, each in inner.items()}
        if isinstance(inner, (list, tuple)):
            return [encode(each) for each in inner]
        return json_value(inner)

    return json.dumps(encode(value), allow_nan=False, separators=(",", ":")).encode()


def _frame_bodies(
    frame: pd.DataFrame, contract: Callable[[], types.ModelContract]
) -> Iterator[Body]:
    if frame.empty:
        raise ValueError("nothing to predict: the frame has no rows or no columns")
    if not installed("pyarrow"):
        yield from _row_bodies(json_records(frame), contract)
        return
    limits = _limits(len(frame), contract)
    for start in range(0, len(frame), limits.instances):
        part = frame.iloc[start : start + limits.instances]
        buffer = io.BytesIO()
        try:
            part.to_parquet(buffer, index=False)
        except (ValueError, TypeError):
            # a column of mixed types, which JSON can hold
            yield from _row_bodies(json_records(part), contract)
            continue
        headers = {"content-type": "application/vnd.apache.parquet"}
        yield Body({"content": buffer.getvalue(), "headers": headers}, {})


def _array_bodies(array: np.ndarray[Any, Any], contract: types.ModelContract) -> Iterator[Body]:
    batch = _as_rows(array) if contract["kind"] == "rows" else _as_images(array, contract)
    per_instance = max(1, batch[:1].nbytes)
    limits = contract["limits"]
    count = max(1, min(limits["instances"], limits["binaryBytes"] // per_instance))
    for start in range(0, len(batch), count):
        part = batch[start : start + count]
        shape = ",".join(str(length) for length in part.shape)
        yield Body(
            {"content": part.tobytes(), "headers": {"content-type": "application/octet-stream"}},
            {"shape": shape, "dtype": str(part.dtype.newbyteorder("="))},
        )


def _as_rows(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if array.ndim not in (1, 2) or array.size == 0 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"an array of shape {array.shape} and type {array.dtype} is no rows; "
            "give numbers of shape (rows, columns), in the order of the contract's columns"
        )
    rows = array.reshape(-1, array.shape[-1])
    return rows.astype("<f4" if array.dtype.itemsize <= 2 or array.dtype == "float32" else "<f8")


def _as_images(
    array: np.ndarray[Any, Any], contract: types.NetworkContract
) -> np.ndarray[Any, Any]:
    model = contract["preprocessing"]
    one = (model["height"], model["width"], model["channels"])
    flat = one[:2] if model["channels"] == 1 else one
    if array.shape in (one, flat):
        batch = array.reshape(1, *one)
    elif array.shape[1:] in (one, flat) and len(array) > 0:
        batch = array.reshape(-1, *one)
    else:
        raise ValueError(
            f"an array of shape {array.shape} does not fit the model, which takes (n, {one[0]}, {one[1]}, "
            f"{one[2]}) or one image (height, width, channels); give a file or a PIL image to have it resized"
        )
    if array.dtype.kind in "biu":
        if array.dtype.kind != "b" and (array.min() < 0 or array.max() > 255):
            raise ValueError(
                f"the pixels are from {array.min()} to {array.max()}; expected 0 to 255"
            )
        return batch.astype("uint8")
    if array.dtype.kind != "f":
        raise ValueError(
            f"an array of type {array.dtype} has no pixels; expected numbers from 0 to 255"
        )
    if array.max() <= 1:
        warnings.warn(
            f"all pixels are at most {array.max():g}, but pixels are from 0 to 255; multiply by 255?",
            stacklevel=5,
        )
    return batch.astype("<f4" if array.dtype.itemsize <= 4 else "<f8")
