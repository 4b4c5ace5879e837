"""Jobs: waited for, followed over breaks and restarts, compared."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import pytest
from conftest import NETWORK
from cutting_proxy import CuttingProxy

import trainyard
from trainyard import types


def submit(
    client: trainyard.Client, dataset: trainyard.Dataset, name: str, steps: int, **training: Any
) -> trainyard.Job:
    return client.jobs.submit(
        name=name,
        dataset=dataset.id,
        model=NETWORK,
        training={"steps": steps, "batchSize": 16, "logEvery": 1, **training},
    )


def until(job: trainyard.Job, status: str) -> None:
    deadline = time.monotonic() + 120
    while job.refresh().status != status:
        assert time.monotonic() < deadline, f"{job.status}, not {status}"
        time.sleep(0.05)


def rows_of(job: trainyard.Job) -> list[types.MetricsRow]:
    """The rows as they are in the log."""
    return list(job._rows({}))


def test_a_job_that_was_waited_for_has_a_model(job: trainyard.Job) -> None:
    assert job.status == "succeeded"
    assert job.finished
    assert set(job.data) <= set(types.Job.__annotations__)
    assert job.model().name == "shapes-net"
    assert "30 of 30" in job._repr_html_()


def test_metrics_are_a_frame_by_step(job: trainyard.Job) -> None:
    frame = job.metrics()
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.name == "step"
    assert frame.index.is_unique
    assert list(frame.index) == sorted(frame.index)
    assert frame["loss"].notna().sum() >= 15
    assert frame["validationLoss"].dropna().index[-1] == 30
    rows = job.metrics(["loss"], from_step=10, to_step=20, frame=False)
    assert {row["step"] for row in rows} <= set(range(10, 21))
    assert all(set(row) == {"step", "loss", "time"} for row in rows)
    few = job.metrics(["loss"], max_points=10, frame=True)
    assert 2 <= len(few) <= 10
    assert few["loss"].max() == frame["loss"].max()


def test_a_loss_that_is_no_number_is_nan(
    client: trainyard.Client, dataset: trainyard.Dataset
) -> None:
    job = submit(
        client,
        dataset,
        "explodes",
        500,
        learningRate={"schedule": "constant", "peak": 100, "warmupSteps": 0},
        optimizer={"kind": "sgd", "weightDecay": 1},
    )
    with pytest.raises(
        trainyard.JobFailed, match=r"has failed: .*\(nan_loss\); job\.logs"
    ) as caught:
        job.wait()
    assert caught.value.job is job
    assert job.wait(check=False).status == "failed"
    losses = [row["loss"] for row in job.metrics(["loss"], frame=False)]
    assert all(isinstance(loss, float) for loss in losses)
    assert not all(math.isfinite(loss) for loss in losses)
    assert "nan_loss" in job._repr_html_()
    # a curve has no place for it, and is drawn all the same
    assert "<svg" in job.plot().svg()


def test_following_gives_every_row_once_and_every_state(
    client: trainyard.Client, sizes: trainyard.Dataset
) -> None:
    job = client.jobs.submit(
        name="followed", dataset=sizes.id, model={"kind": "boosting", "rounds": 40}
    )
    updates = list(job.follow())
    rows = [update["data"] for update in updates if update["event"] == "metrics"]
    assert rows == rows_of(job)
    states = [update["data"]["status"] for update in updates if update["event"] == "job"]
    assert states[-1] == "succeeded"
    assert job.status == "succeeded"
    # one who comes later gets the same
    again = [update["data"] for update in job.follow() if update["event"] == "metrics"]
    assert again == rows


def test_following_goes_on_over_broken_connections(
    proxy: CuttingProxy, key: str, client: trainyard.Client, job: trainyard.Job
) -> None:
    # in the middle of an event each time
    proxy.cut_down, proxy.cuts = 1500, 4
    with trainyard.Client(proxy.url, key) as unlucky:
        followed = list(unlucky.jobs.get(job.id).follow())
    assert proxy.cuts_done == 4
    assert [u["data"] for u in followed if u["event"] == "metrics"] == rows_of(job)
    assert [u["data"]["status"] for u in followed if u["event"] == "job"] == ["succeeded"]


def test_following_and_waiting_go_on_over_a_restart_of_the_server(
    client: trainyard.Client, dataset: trainyard.Dataset, control: Callable[[str], None]
) -> None:
    job = submit(client, dataset, "restarted", 1200, checkpointEvery=100)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(client.jobs.get(job.id).wait, 240)
        lines = threads.submit(lambda: [each["line"] for each in job.follow_logs()])
        rows: list[types.MetricsRow] = []
        restart = None
        for update in job.follow():
            if update["event"] == "metrics":
                rows.append(update["data"])
                if len(rows) == 10:
                    restart = threads.submit(control, "restart")
        assert restart is not None
        restart.result()
        assert waiting.result().status == "succeeded"
        logged = lines.result()
    assert job.data["attempt"] == 2
    assert rows == rows_of(job)
    steps = [row["step"] for row in rows if "loss" in row["values"]]
    assert steps == list(range(1, 1201))
    assert "\n".join(re.sub(r"^\S+ ", "", line) for line in job.logs().splitlines()) == "\n".join(
        logged
    )


def test_waiting_ends_after_its_time_and_the_job_goes_on(
    client: trainyard.Client, dataset: trainyard.Dataset
) -> None:
    job = submit(client, dataset, "long", 1_000_000)
    with pytest.raises(
        TimeoutError, match=f"the job goes on.*client.jobs.get\\('{job.id}'\\).wait"
    ):
        job.wait(1)
    until(job, "running")
    job.pause()
    until(job, "paused")
    job.resume()
    until(job, "running")
    assert job.cancel() is job
    with pytest.raises(trainyard.JobFailed, match="was cancelled"):
        job.wait()
    with pytest.raises(trainyard.ProblemError) as caught:
        job.pause()
    assert caught.value.code == "JOB_ENDED"
    with pytest.raises(ValueError, match="is cancelled and has no model"):
        job.model()
    job.delete()
    with pytest.raises(trainyard.ProblemError) as gone:
        job.refresh()
    assert gone.value.code == "JOB_NOT_FOUND"


WAITER = """
import sys, trainyard
trainyard.Client().jobs.get(sys.argv[1]).wait(progress=True)
"""


def test_ctrl_c_ends_the_waiting_and_says_how_to_go_on(
    client: trainyard.Client, dataset: trainyard.Dataset
) -> None:
    job = submit(client, dataset, "interrupted", 1_000_000)
    waiter = subprocess.Popen(
        [sys.executable, "-c", WAITER, job.id],
        stderr=subprocess.PIPE,
        text=True,
    )
    until(job, "running")
    # the first thing that it shows of the job
    assert waiter.stderr
    assert waiter.stderr.read(1)
    os.kill(waiter.pid, signal.SIGINT)
    _, errors = waiter.communicate(timeout=60)
    assert waiter.returncode != 0
    assert f"client.jobs.get('{job.id}').wait()" in errors
    assert "KeyboardInterrupt" in errors
    assert job.refresh().status == "running"
    job.cancel()


def test_an_idempotency_key_finds_the_job_of_the_first_time(
    client: trainyard.Client, dataset: trainyard.Dataset
) -> None:
    request = {"dataset": dataset.id, "model": NETWORK, "training": {"steps": 1}}
    one = client.jobs.submit(request, idempotency_key="same")
    assert client.jobs.submit(request, idempotency_key="same").id == one.id
    with pytest.raises(trainyard.ProblemError) as caught:
        client.jobs.submit(request, idempotency_key="same", priority=1)
    assert caught.value.code == "IDEMPOTENCY_KEY_REUSED"
    one.cancel()


def test_a_plan_makes_no_job(client: trainyard.Client, dataset: trainyard.Dataset) -> None:
    before = len(list(client.jobs.list()))
    plan = client.jobs.plan(dataset=dataset.id, model=NETWORK)
    assert plan["training"]
    assert len(list(client.jobs.list())) == before
    with pytest.raises(TypeError, match="an empty job"):
        client.jobs.submit()
    with pytest.raises(TypeError, match="JSON cannot"):
        client.jobs.submit(dataset=dataset)


def test_jobs_are_renamed_listed_and_compared(
    client: trainyard.Client, sizes: trainyard.Dataset, trees_job: trainyard.Job
) -> None:
    other = client.jobs.submit(
        dataset=sizes.id, model={"kind": "boosting", "rounds": 10, "maxDepth": 3}
    ).wait()
    other.update(name="other", labels={"team": "tests"})
    with pytest.raises(trainyard.ProblemError, match="is succeeded, and an attempt keeps"):
        other.update(resources={"workers": 2})
    assert [each.id for each in client.jobs.list(label="team:tests")] == [other.id]
    table = client.jobs.compare([trees_job, other.id], frame=True)
    assert list(table.index) == ["sizes-trees", "other"]
    assert list(table["model.rounds"]) == [30, 10]
    assert "model.kind" not in table
    assert table["rmse"].notna().all()
    curves = client.jobs.compare_metrics([trees_job, other], ["rmse"], frame=False)
    assert {row["job"] for row in curves} == {trees_job.id, other.id}
    with pytest.raises(trainyard.TrainyardError, match="there is no job"):
        client.jobs.compare_metrics(["job-00000000000000000000000000"])


def test_logs_and_checkpoints_are_there(job: trainyard.Job) -> None:
    assert "finished at step 30" in job.logs(tail=1)
    assert job.logs().count("\n") > 3
    assert job.checkpoints()[-1]["step"] == 30


def test_threads_share_a_client(client: trainyard.Client, job: trainyard.Job) -> None:
    barrier = threading.Barrier(8)

    def ask(_: int) -> str:
        barrier.wait()
        return client.jobs.get(job.id).id

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(8))) == {job.id}
