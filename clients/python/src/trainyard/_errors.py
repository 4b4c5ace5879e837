"""What the client raises. Arguments that make no sense raise TypeError, ValueError or FileNotFoundError."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._job import Job
    from .types import FieldError, Problem

_KEY_CURE = "give a key of this server: Client(key=...), TRAINYARD_KEY, or `trainyard login`"


class TrainyardError(Exception):
    """The base of all errors of this package."""


class ConfigurationError(TrainyardError, ValueError):
    """No URL or key, or one that cannot be right."""


class ServerUnreachable(TrainyardError, ConnectionError):
    """The server did not answer, or something else answered."""


class ProblemError(TrainyardError):
    """The server refused a request, and says why.

    `code` is stable; docs/errors.md of the server lists all. `errors` has every invalid field.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.status: int = problem["status"]
        self.code: str = problem["code"]
        self.detail: str = problem["detail"]
        self.errors: list[FieldError] = list(problem.get("errors") or ())
        super().__init__(self.detail)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.problem,))

    def __str__(self) -> str:
        lines = [f"{self.detail} ({self.code})"]
        if len(self.errors) != 1 or self.errors[0]["message"] not in self.detail:
            lines += [f"  {error['path']}: {error['message']}" for error in self.errors]
        if self.status == 401:
            lines.append(_KEY_CURE)
        return "\n".join(lines)


class JobFailed(TrainyardError):
    """A job that was waited for has failed or was cancelled. `job` has the details."""

    def __init__(self, job: Job) -> None:
        self.job = job
        failure = job.data["failure"]
        what = (
            f"has failed: {failure['message']} ({failure['code']})" if failure else "was cancelled"
        )
        super().__init__(f"job {job.name} ({job.id}) {what}; job.logs(tail=50) shows its log")

    def __reduce__(self) -> tuple[Any, ...]:
        # a job holds a connection, which no other process can use
        return (TrainyardError, (str(self),))
