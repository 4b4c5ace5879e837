"""Jobs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import types


def comparison(jobs: Sequence[types.Job]) -> list[dict[str, Any]]:
    """Of the settings, those in which the jobs differ."""
    settings = [_flat({"model": job["model"], "training": job["training"]}) for job in jobs]
    names = list(dict.fromkeys(name for each in settings for name in each))
    differing = [name for name in names if len({repr(each.get(name)) for each in settings}) > 1]
    return [
        {
            "name": job["name"],
            "id": job["id"],
            "status": job["status"],
            "dataset": job["dataset"]["name"],
            "step": job["progress"]["step"],
            "seconds": _seconds(job),
            **{name: own.get(name) for name in differing},
            **{name: float(value) for name, value in job["metrics"].items()},
        }
        for job, own in zip(jobs, settings)
    ]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


def _seconds(job: types.Job) -> float | None:
    """From the start of the first attempt to the end."""
    if job["startedAt"] is None or job["finishedAt"] is None:
        return None
    return (parse_time(job["finishedAt"]) - parse_time(job["startedAt"])).total_seconds()


def parse_time(text: str) -> datetime:
    # Python 3.9 and 3.10 do not read a final Z
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
