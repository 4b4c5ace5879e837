"""Requests: one connection pool, retries, and errors that say what to do."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Union, cast
from urllib.parse import quote

import httpx

from ._connection import is_loopback
from ._errors import ProblemError, ServerUnreachable, TrainyardError
from ._version import __version__

if TYPE_CHECKING:
    from .types import Problem

Parameter = Union[str, int, float, bool, None, Sequence[Union[str, int]]]

# repeating a request with one of these methods does what the first one did
_IDEMPOTENT = frozenset(("GET", "HEAD", "PUT", "DELETE"))
# the server, or a proxy in front of it, is busy, starts or is gone for a moment
_PASSING = frozenset((429, 502, 503, 504))
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0


def segment(value: str | int) -> str:
    """A part of a path. An id cannot lead to another path."""
    text = str(value)
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} is no id or name")
    return quote(text, safe="")


class Transport:
    """Sends requests of one server with its key. Threads may share it."""

    def __init__(self, url: str, key: str, *, timeout: float, retries: int) -> None:
        self.url = url
        self.retries = retries
        self.timeout = timeout
        # a proxy is of no use for this machine, and would get the key
        direct = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}
        self._http = httpx.Client(
            base_url=url,
            headers={
                "authorization": f"Bearer {key}",
                "user-agent": f"trainyard-python/{__version__}",
                "accept": "application/json",
            },
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            # redirects are refused, so that the key goes to no other server
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            mounts=direct if is_loopback(url) else None,
        )
        # whether the server has answered once: then it is worth waiting if it is gone
        self._reached = False

    def close(self) -> None:
        self._http.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        response = self.request(method, path, **options)
        if response.status_code == 204:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise ServerUnreachable(
                f"{self.url} answered {response.status_code} with something other than JSON; "
                "is it the URL of a Trainyard server?"
            ) from error

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Parameter] | None = None,
        retry: bool | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Raises ProblemError if the server refuses the request.

        `retry`: whether it may be sent again after it may have arrived; by default if that changes nothing.
        """
        repeatable = method in _IDEMPOTENT if retry is None else retry
        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            delay = _FIRST_DELAY * 2**attempt * random.uniform(0.75, 1.25)  # noqa: S311
            try:
                response = self._http.request(method, path, params=_query(params), **options)
            except httpx.TransportError as error:
                never_arrived = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
                again = self._reached if never_arrived else repeatable
                if last or not again:
                    raise self.unreachable(error, f"{method} {path}") from error
                time.sleep(delay)
                continue
            self._reached = True
            if attempt > 0 and method == "DELETE" and response.status_code == 404:
                # an earlier try removed it, and its answer was lost
                return response
            try:
                self._check(response)
                return response
            except ProblemError as problem:
                asked = _retry_after(response) or 0.0
                if last or not repeatable or not passes(problem) or asked > _LONGEST_DELAY:
                    raise
            time.sleep(max(delay, asked))
        raise AssertionError("unreachable")

    def request_once(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Is not repeated; httpx errors pass."""
        response = self._http.request(method, path, **options)
        self._check(response)
        return response

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Parameter] | None = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float | None = None,
    ) -> Iterator[httpx.Response]:
        """An answer that is read as it arrives. Is not repeated; httpx errors pass."""
        timeout = httpx.Timeout(
            self.timeout, connect=min(self.timeout, 10.0), read=read_timeout or self.timeout
        )
        with self._http.stream(
            method, path, params=_query(params), headers=headers, timeout=timeout
        ) as response:
            self._reached = True
            if not response.is_success:
                response.read()
            self._check(response)
            yield response

    def unreachable(self, error: httpx.TransportError, what: str) -> ServerUnreachable:
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
            return ServerUnreachable(
                f"no connection to {self.url} ({error}); is the server up, and the URL right? "
                "`npm start` starts one, and Client(url=...) or TRAINYARD_URL names another"
            )
        if isinstance(error, httpx.TimeoutException):
            return ServerUnreachable(
                f"{self.url} did not answer {what} within {self.timeout:g} s; "
                "Client(timeout=...) waits longer"
            )
        if isinstance(error, httpx.ProxyError):
            return ServerUnreachable(
                f"the proxy of HTTP_PROXY or HTTPS_PROXY did not connect to {self.url} ({error}); "
                "NO_PROXY names hosts without a proxy"
            )
        return ServerUnreachable(
            f"the connection to {self.url} broke during {what} ({error or type(error).__name__}); "
            "the server may have done it or not: look before you repeat it"
        )

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        if response.is_redirect:
            raise TrainyardError(
                f"{self.url} redirects to {response.headers['location']}, where the key is not sent; "
                "if that is your server, give its URL: Client(url=...)"
            )
        status, phrase = response.status_code, response.reason_phrase
        try:
            problem = response.json()
            code = problem["code"]
        except (ValueError, KeyError, TypeError):
            detail = (
                f"{self.url} answered {status} {phrase}, which is no answer of Trainyard: "
                f"{response.text[:200]!r}; is the URL right, and the proxy in front of it?"
            )
            code = f"HTTP_{status}"
            problem = {"type": "about:blank", "title": phrase, "detail": detail, "errors": []}
        raise ProblemError(cast("Problem", {**problem, "status": status, "code": code}))


def passes(problem: ProblemError) -> bool:
    """Whether the same request may succeed in a moment."""
    return problem.status in _PASSING and problem.code != "STORAGE_FULL"


def _query(params: Mapping[str, Parameter] | None) -> httpx.QueryParams:
    """Without what is None. A list repeats its parameter; a boolean is `true` or `false`."""
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in (params or {}).items():
        if value is None:
            continue
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, (str, int, float)):
            pairs.append((name, str(value)))
        else:
            pairs.extend((name, str(each)) for each in value)
    return httpx.QueryParams(pairs)


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after")
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
