"""What goes wrong, and what the client says and does then."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cutting_proxy import CuttingProxy

import trainyard

Answer = Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]


@contextmanager
def other_server(answer: Answer) -> Iterator[str]:
    """Something that is no Trainyard server, such as a proxy."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_wrong_key_is_refused_with_its_cure(url: str) -> None:
    with trainyard.Client(url, "wrong") as client, pytest.raises(trainyard.ProblemError) as caught:
        client.server()
    assert (caught.value.status, caught.value.code) == (401, "UNAUTHORIZED")
    assert "TRAINYARD_KEY" in str(caught.value)


def test_every_invalid_field_of_a_job_is_named(client: trainyard.Client) -> None:
    with pytest.raises(trainyard.ProblemError) as caught:
        client.jobs.submit(
            dataset="x", model={"kind": "resnet", "depth": 51}, training={"step": 1, "epochs": 0}
        )
    paths = [error["path"] for error in caught.value.errors]
    assert len(paths) > 1
    assert all(path in str(caught.value) for path in paths)
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (copy.code, copy.errors) == (caught.value.code, caught.value.errors)


def test_no_server_is_a_connection_error_that_names_url_and_cure() -> None:
    expected = r"http://127\.0\.0\.1:9 .*npm start.*TRAINYARD_URL"
    with (
        trainyard.Client("http://127.0.0.1:9", "key") as client,
        pytest.raises(ConnectionError, match=expected),
    ):
        client.server()


def test_the_key_does_not_follow_a_redirect() -> None:
    asked: list[str] = []

    def elsewhere(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        asked.append(request.path)
        return 200, {}, b"{}"

    with other_server(elsewhere) as target:

        def redirect(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
            return 302, {"location": f"{target}/server"}, b""

        with (
            other_server(redirect) as url,
            trainyard.Client(url, "key") as client,
            pytest.raises(trainyard.TrainyardError, match=f"redirects to {target}"),
        ):
            client.server()
    assert asked == []


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "something other than JSON"), (404, "no answer")]
)
def test_a_url_of_something_else_is_said_to_be_that(status: int, expected: str) -> None:
    def page(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        return status, {"content-type": "text/html"}, b"<html>hello</html>"

    with (
        other_server(page) as url,
        trainyard.Client(url, "key") as client,
        pytest.raises(trainyard.TrainyardError, match=expected),
    ):
        client.server()


def test_a_busy_server_is_asked_again_only_if_that_changes_nothing_twice() -> None:
    asked: list[str] = []

    def busy(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        asked.append(request.command)
        return 503, {"retry-after": "0"}, b"<html>busy</html>"

    with other_server(busy) as url, trainyard.Client(url, "key", retries=1) as client:
        with pytest.raises(trainyard.ProblemError, match="HTTP_503"):
            client.server()
        assert asked == ["GET", "GET"]
        with pytest.raises(trainyard.ProblemError):
            client.request("POST", "/jobs/cancel", json={})
        assert asked == ["GET", "GET", "POST"]


def test_a_wait_that_is_too_long_is_not_waited_for() -> None:
    def later(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        return 429, {"retry-after": "3600"}, b"{}"

    with other_server(later) as url, trainyard.Client(url, "key") as client:
        with pytest.raises(trainyard.ProblemError) as caught:
            client.server()
        assert caught.value.status == 429


def test_a_full_disk_is_said_at_once() -> None:
    asked: list[str] = []

    def full(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        asked.append(request.path)
        problem = {"status": 503, "code": "STORAGE_FULL", "detail": "5 bytes are free"}
        return 503, {"content-type": "application/problem+json"}, json.dumps(problem).encode()

    with other_server(full) as url, trainyard.Client(url, "key") as client:
        with pytest.raises(trainyard.ProblemError, match=r"5 bytes are free \(STORAGE_FULL\)"):
            client.server()
        with pytest.raises(trainyard.ProblemError, match="STORAGE_FULL"):
            client.datasets.push(__file__)
    assert asked == ["/server", "/uploads"]


def test_a_job_whose_answer_was_lost_is_made_once(
    proxy: CuttingProxy, key: str, client: trainyard.Client, dataset: trainyard.Dataset
) -> None:
    # the request arrives, and its answer breaks off
    proxy.cut_down, proxy.cuts = 100, 1
    with trainyard.Client(proxy.url, key) as unlucky:
        job = unlucky.jobs.submit(
            name="made-once",
            dataset=dataset.id,
            model={"kind": "resnet", "blocks": 1, "filters": 4},
            training={"steps": 1},
        )
    assert proxy.cuts_done == 1
    assert [each.id for each in client.jobs.list(name="made-once")] == [job.id]
    client.jobs.get(job.id).cancel()


def test_an_id_leads_to_no_other_path(client: trainyard.Client) -> None:
    with pytest.raises(trainyard.ProblemError) as caught:
        client.jobs.get("../server")
    assert caught.value.status in (400, 404)
    with pytest.raises(ValueError, match="no id"):
        client.jobs.get("..")
    with pytest.raises(ValueError, match="no path"):
        client.request("GET", "//other.example/")
