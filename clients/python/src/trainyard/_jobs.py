"""Jobs: submit, wait, follow, plot, compare."""

from __future__ import annotations

import builtins
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ._comparison import comparison
from ._errors import TrainyardError
from ._frames import table
from ._job import Job
from ._paging import listed, pages
from ._transport import segment

if TYPE_CHECKING:
    from . import types
    from ._client import Client


class Jobs:
    """`client.jobs`"""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._transport = client._transport

    def submit(
        self,
        request: types.JobRequest | Mapping[str, Any] | None = None,
        /,
        *,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Job:
        """Creates a job of a dict (the body of POST /jobs, docs/jobs.md), of keywords, or of both.

            client.jobs.submit(dataset="shapes", model={"kind": "resnet"}, training={"steps": 300})

        It is sent with an idempotency key, so that a repetition after a lost answer makes no second job. With a key
        of your own, running a program again finds the job of the first time.
        """
        key = idempotency_key or str(uuid.uuid4())
        data = self._transport.json(
            "POST",
            "/jobs",
            json=_request(request, fields),
            headers={"idempotency-key": key},
            retry=True,
        )
        return Job(self._client, data)

    def plan(
        self, request: types.JobRequest | Mapping[str, Any] | None = None, /, **fields: Any
    ) -> types.JobPlan:
        """What a job would be, with all defaults, without creating it. Raises ProblemError with every error."""
        body = _request(request, fields)
        answer = self._transport.json(
            "POST", "/jobs", json=body, params={"dryRun": True}, retry=True
        )
        return cast("types.JobPlan", answer)

    def get(self, job: str) -> Job:
        return Job(self._client, self._transport.json("GET", f"/jobs/{segment(job)}"))

    def list(self, limit: int | None = None, **query: Any) -> Iterator[Job]:
        """Jobs, the newest first. `query`: status, name, label, dataset, created_after, where, sort and others."""
        for item in listed(self._transport, "/jobs", limit, query):
            yield Job(self._client, item)

    def cancel_matching(
        self, selection: types.JobSelection | Mapping[str, Any]
    ) -> types.CancelledJobs:
        """Cancels all jobs that match the conditions."""
        answer = self._transport.json("POST", "/jobs/cancel", json=selection)
        return cast("types.CancelledJobs", answer)

    def compare(self, jobs: Iterable[Job | str], *, frame: bool | None = None) -> Any:
        """One row for each job: its state, the settings in which they differ, and its metrics.

        A pandas frame if pandas is installed, else a list of dicts; `frame` says which.
        """
        found = [job.refresh() if isinstance(job, Job) else self.get(job) for job in jobs]
        return table(comparison([job.data for job in found]), frame, index="name")

    def compare_metrics(
        self,
        jobs: Iterable[Job | str],
        names: Sequence[str] | None = None,
        *,
        max_points: int = 100,
        frame: bool | None = None,
    ) -> Any:
        """The curves of many jobs in one long table: job, metric, step, value."""
        ids = [job.id if isinstance(job, Job) else job for job in jobs]
        rows: builtins.list[dict[str, Any]] = []
        for start in range(0, len(ids), 100):
            query: dict[str, Any] = {
                "jobs": ids[start : start + 100],
                "names": names,
                "maxPoints": max_points,
            }
            for item in pages(self._transport, "/jobs/metrics", query):
                if not item["exists"]:
                    raise TrainyardError(f"there is no job {item['job']}")
                rows += [
                    {
                        "job": item["job"],
                        "metric": name,
                        "step": each["step"],
                        "value": float(each["value"]),
                    }
                    for name, points in item["points"].items()
                    for each in points
                ]
        return table(rows, frame)


def _request(request: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    body = {**(request or {}), **fields}
    if not body:
        raise TypeError("an empty job; give at least a dataset and a model")
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the job holds something that JSON cannot ({error})") from error
    return body
