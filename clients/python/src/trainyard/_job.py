"""One job."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast, overload

import httpx

from ._chart import Chart
from ._display import LiveHtml, ShownOnce, in_notebook, tell
from ._errors import JobFailed, ServerUnreachable
from ._events import ServerEvent, follow_events
from ._frames import merge_by_step, number, table
from ._job_display import JobDisplay, html_of
from ._transport import segment

if TYPE_CHECKING:
    import pandas as pd

    from . import types
    from ._client import Client
    from ._model import Model

# the most that the server waits before it answers
_LONGEST_WAIT = 50


class MetricsUpdate(TypedDict):
    """A row that was measured."""

    event: Literal["metrics"]
    data: types.MetricsRow


class JobUpdate(TypedDict):
    """The job: its state has changed."""

    event: Literal["job"]
    data: types.Job


class Job(ShownOnce):
    """A job of the server. `data` is what the server answered last; `refresh()` asks again."""

    def __init__(self, client: Client, data: types.Job) -> None:
        self._client = client
        self._transport = client._transport
        self._path = f"/jobs/{segment(data['id'])}"
        self.data = data

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def status(self) -> str:
        """queued, running, paused, succeeded, failed or cancelled."""
        return self.data["status"]

    @property
    def finished(self) -> bool:
        return self.data["finishedAt"] is not None

    @property
    def notes(self) -> list[str]:
        """What the server inferred, or did otherwise than may be expected."""
        return [note["message"] for note in self.data["notes"]]

    def refresh(self) -> Job:
        return self._read(self._transport.json("GET", self._path))

    def wait(
        self, timeout: float | None = None, *, check: bool = True, progress: bool | None = None
    ) -> Job:
        """Waits until the job has ended, and shows its progress on a terminal and in a notebook.

        Goes on over restarts of the server. With `check`, raises JobFailed if the job has failed or was cancelled.
        Raises TimeoutError after `timeout` seconds. Ctrl-C ends the waiting, not the job.
        """
        display = JobDisplay(self._client.progress if progress is None else progress)
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            self._wait(deadline, display)
        except KeyboardInterrupt:
            display.end()
            tell(self._goes_on())
            raise
        finally:
            display.end()
        if display.interval is not None:
            self._mark_as_shown()
        if check and self.status != "succeeded":
            raise JobFailed(self)
        return self

    def _wait(self, deadline: float | None, display: JobDisplay) -> None:
        self.refresh()
        alive_at = time.monotonic()
        while True:
            display.show(self.data)
            if self.finished:
                return
            seconds = display.interval or _LONGEST_WAIT
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(
                        f"job {self.name} ({self.id}) is {self.status}; {self._goes_on()}"
                    )
                seconds = max(1, min(seconds, round(left)))
            try:
                params = {"wait": seconds}
                self._read(self._transport.json("GET", self._path, params=params))
                alive_at = time.monotonic()
            except ServerUnreachable:
                # it may restart, and the job with it
                if time.monotonic() - alive_at > self._client.patience:
                    raise
                display.note(f"no connection to {self._transport.url}; trying again")
                time.sleep(1)

    def follow(self) -> Iterator[MetricsUpdate | JobUpdate]:
        """Each row that is measured, from the first on, and each change of the state, until the job has ended.

        Goes on over broken connections and restarts of the server, without gap or duplicate:

            for update in job.follow():
                if update["event"] == "metrics":
                    print(update["data"]["step"], update["data"]["values"])
        """
        state: tuple[Any, ...] | None = None
        ended = False

        def is_over(event: ServerEvent | None) -> bool:
            return ended

        for event in follow_events(
            self._transport, f"{self._path}/metrics", is_over, patience=self._client.patience
        ):
            data = json.loads(event.data)
            if event.name == "metrics":
                yield MetricsUpdate(event="metrics", data=data)
            elif event.name == "job":
                self._read(data)
                ended = data["finishedAt"] is not None
                # a stream begins with the state, which was there before a connection broke
                before, state = state, (data["status"], data["phase"], data["attempt"])
                if state != before:
                    yield JobUpdate(event="job", data=data)

    @overload
    def metrics(
        self,
        names: Sequence[str] | None = ...,
        *,
        from_step: int | None = ...,
        to_step: int | None = ...,
        max_points: int | None = ...,
        frame: Literal[True],
    ) -> pd.DataFrame: ...

    @overload
    def metrics(
        self,
        names: Sequence[str] | None = ...,
        *,
        from_step: int | None = ...,
        to_step: int | None = ...,
        max_points: int | None = ...,
        frame: Literal[False],
    ) -> list[dict[str, Any]]: ...

    @overload
    def metrics(
        self,
        names: Sequence[str] | None = ...,
        *,
        from_step: int | None = ...,
        to_step: int | None = ...,
        max_points: int | None = ...,
        frame: None = ...,
    ) -> Any: ...

    def metrics(
        self,
        names: Sequence[str] | None = None,
        *,
        from_step: int | None = None,
        to_step: int | None = None,
        max_points: int | None = None,
        frame: bool | None = None,
    ) -> Any:
        """What was measured so far: a row for each step, a column for each metric, NaN where it was not measured.

        A pandas frame by step if pandas is installed, else a list of dicts; `frame` says which. `max_points`: only so
        many points of each metric, chosen so that a curve of them has all its minima and maxima.
        """
        query = {"names": names, "fromStep": from_step, "toStep": to_step}
        if max_points is None:
            rows = list(self._rows(query))
        else:
            curves = self._points({**query, "maxPoints": max_points})
            rows = [
                {"step": point["step"], "time": point["time"], "values": {name: point["value"]}}
                for name, points in curves.items()
                for point in points
            ]
        return table(merge_by_step(rows), frame, index="step")

    def _rows(self, query: Mapping[str, Any]) -> Iterator[types.MetricsRow]:
        """Streams the log, which may have millions of rows."""
        params = {**query, "format": "ndjson"}
        try:
            with self._transport.stream("GET", f"{self._path}/metrics", params=params) as response:
                for line in response.iter_lines():
                    row = json.loads(line)
                    if "damagedLines" in row:
                        _warn_of_damage(row["damagedLines"])
                    else:
                        yield row
        except httpx.TransportError as error:
            raise self._transport.unreachable(error, f"GET {self._path}/metrics") from error

    def _points(self, query: Mapping[str, Any]) -> dict[str, list[types.MetricPoint]]:
        page = self._transport.json("GET", f"{self._path}/metrics", params=query)
        if page["damagedLines"]:
            _warn_of_damage(page["damagedLines"])
        return cast("dict[str, list[types.MetricPoint]]", page["points"])

    def plot(self, names: Sequence[str] | None = None, *, live: bool | None = None) -> Chart:
        """The curves so far, which a notebook shows. `save()` of the answer writes an SVG.

        `live`: redraws them in the notebook until the job has ended; by default if it still runs.
        """
        if live is None:
            live = in_notebook() and not self.finished
        if not live:
            return self._chart(names)
        shown = LiveHtml()
        try:
            while not self.finished:
                shown.show(html_of(self.data) + self._chart(names).svg())
                self._wait_a_moment()
        except KeyboardInterrupt:
            tell(self._goes_on())
            raise
        chart = self._chart(names)
        shown.show(html_of(self.data) + chart.svg())
        chart._mark_as_shown()
        return chart

    def _wait_a_moment(self) -> None:
        try:
            self._read(self._transport.json("GET", self._path, params={"wait": 1}))
        except ServerUnreachable:
            self.wait(check=False, progress=False)

    def _chart(self, names: Sequence[str] | None) -> Chart:
        curves = self._points({"names": names, "maxPoints": 400})
        return Chart(
            self.name,
            {
                name: [(point["step"], number(point["value"])) for point in points]
                for name, points in curves.items()
            },
        )

    def logs(self, tail: int | None = None, *, attempt: int | None = None) -> str:
        """The log as text, or its last `tail` lines."""
        params = {"tail": tail, "attempt": attempt, "format": "text"}
        return self._transport.request("GET", f"{self._path}/logs", params=params).text

    def follow_logs(self, tail: int | None = None) -> Iterator[types.LogLine]:
        """Each line of the log until the job has ended; goes on as `follow` does."""
        ended_before = False

        def is_over(event: ServerEvent | None) -> bool:
            nonlocal ended_before
            if event is not None:
                return False
            # a restart ends a stream, too: what ended before the last connection is complete
            before, ended_before = ended_before, self.refresh().finished
            return before

        for event in follow_events(
            self._transport,
            f"{self._path}/logs",
            is_over,
            params={"tail": tail},
            patience=self._client.patience,
        ):
            if event.name == "log":
                yield json.loads(event.data)

    def checkpoints(self) -> list[types.Checkpoint]:
        """The oldest first."""
        page = self._transport.json("GET", f"{self._path}/checkpoints")
        return cast("list[types.Checkpoint]", page["items"])

    def model(self) -> Model:
        """The version that the job published."""
        result = self.data["result"] or self.refresh().data["result"]
        if result is None:
            raise ValueError(f"job {self.name} ({self.id}) is {self.status} and has no model yet")
        return self._client.models.get(result["model"]["id"], version=result["model"]["version"])

    def cancel(self) -> Job:
        """Ends the job. Its checkpoints stay."""
        return self._act("cancel")

    def pause(self) -> Job:
        """Stops the job after a checkpoint; `resume()` goes on from there."""
        return self._act("pause")

    def resume(self) -> Job:
        return self._act("resume")

    def retry(self) -> Job:
        """Lets a job that has failed or was cancelled go on from its last checkpoint."""
        return self._act("retry")

    def _act(self, verb: str) -> Job:
        return self._read(self._transport.json("POST", f"{self._path}/{verb}"))

    def update(
        self,
        *,
        name: str | None = None,
        priority: int | None = None,
        labels: Mapping[str, str | None] | None = None,
        resources: Mapping[str, Any] | None = None,
    ) -> Job:
        """Changes what is given. A label or one of the resources that is None is taken away.

        job.pause(), then job.update(resources={"workers": 2}) and job.resume(): a network goes on in two processes.
        """
        patch = {"name": name, "priority": priority, "labels": labels, "resources": resources}
        body = {field: value for field, value in patch.items() if value is not None}
        return self._read(self._transport.json("PATCH", self._path, json=body))

    def delete(self) -> None:
        """Removes the job with its checkpoints and metrics. Its model stays."""
        self._transport.request("DELETE", self._path)

    def _read(self, data: types.Job) -> Job:
        self.data = data
        return self

    def _goes_on(self) -> str:
        return (
            f"the job goes on on the server. Follow it again: client.jobs.get('{self.id}').wait(), "
            f"or `trainyard watch {self.id}`; end it: client.jobs.get('{self.id}').cancel()"
        )

    def __repr__(self) -> str:
        progress = self.data["progress"]
        return f"<Job {self.name} {self.id}: {self.status}, step {progress['step']} of {progress['steps']}>"

    def _repr_html_(self) -> str:
        return html_of(self.data)


def _warn_of_damage(lines: int) -> None:
    warnings.warn(
        f"{lines} lines of the metrics log are damaged and left out; a disk or a crash has altered them",
        stacklevel=4,
    )
