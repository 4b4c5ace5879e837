"""Tables as pandas frames if pandas is installed, else as lists of dicts."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from .types import MetricsRow


def installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def table(rows: Sequence[Mapping[str, Any]], frame: bool | None, index: str | None = None) -> Any:
    """`frame`: True for a pandas frame, False for a list of dicts, None for a frame if pandas is installed."""
    if frame is False or (frame is None and not installed("pandas")):
        return [dict(row) for row in rows]
    if not installed("pandas"):
        raise ModuleNotFoundError("frame=True needs pandas: pip install pandas")
    import pandas as pd

    result = pd.DataFrame(list(rows))
    return result.set_index(index) if index is not None and index in result else result


def is_frame(value: object) -> bool:
    """Whether it is a pandas frame. Does not import pandas."""
    return _is_of(value, "pandas", "DataFrame")


def is_array(value: object) -> bool:
    return _is_of(value, "numpy", "ndarray")


def is_pil_image(value: object) -> bool:
    return _is_of(value, "PIL", "Image")


def _is_of(value: object, package: str, name: str) -> bool:
    return any(
        each.__module__.split(".")[0] == package and each.__name__ == name
        for each in type(value).__mro__
    )


def number(value: object) -> float:
    """A metric. JSON has no NaN and no infinity, so they come as texts."""
    return float(value)  # type: ignore[arg-type]


def merge_by_step(rows: Iterable[MetricsRow]) -> list[dict[str, Any]]:
    """One row for each step: the training and the evaluation of a step are two rows of the server."""
    by_step: dict[int, dict[str, Any]] = {}
    names: dict[str, None] = {}
    for row in rows:
        merged = by_step.setdefault(row["step"], {"step": row["step"], "time": row["time"]})
        for name, value in row["values"].items():
            names[name] = None
            merged[name] = number(value)
    return [
        {
            "step": row["step"],
            **{name: row.get(name, math.nan) for name in names},
            "time": row["time"],
        }
        for _, row in sorted(by_step.items())
    ]


def json_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON. What is missing (NaN, None, NaT) is null."""
    names = [str(name) for name in frame.columns]
    return [
        {name: json_value(value) for name, value in zip(names, values)}
        for values in frame.itertuples(index=False, name=None)
    ]


def json_value(value: Any) -> Any:
    """A value of NumPy or pandas as JSON has it."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()
    if isinstance(value, float):
        return None if math.isnan(value) else value
    # of NaT and pandas.NA: the only values that are not equal to themselves, or say neither
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
