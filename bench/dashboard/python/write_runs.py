"""Records runs for a tracker: write_runs.py mlflow|tensorboard FOLDER RUNS POINTS CURVES

The losses follow the formula of the runs that Trainyard is given. The last CURVES runs, of which a chart is made, have
all POINTS; the others have one, which is all that a table shows. That favours the tracker.
"""

import math
import os
import random
import sys
import time


def losses(seed, points):
    uniform = random.Random(seed).random
    return [
        (seed + 1) * math.exp(-step / points) + uniform() / 10
        for step in range(1, points + 1)
    ]


def last_loss(seed, runs, curves, points):
    return losses(seed, points)[-1] if seed >= runs - curves else 1 / (seed + 1)


def write_mlflow(folder, runs, points, curves):
    import sqlite3

    import mlflow

    path = os.path.join(folder, "mlflow.db")
    client = mlflow.MlflowClient(f"sqlite:///{path}")
    experiment = client.create_experiment("bench", artifact_location=os.path.join(folder, "artifacts"))
    now = int(time.time() * 1000)
    ids = []
    for seed in range(runs):
        run = client.create_run(experiment, run_name=f"run {seed}").info.run_id
        client.log_param(run, "learningRate", 0.1 / (seed + 1))
        client.log_metric(run, "loss", last_loss(seed, runs, curves, points), now, points)
        client.set_terminated(run)
        ids.append(run)
    # the API takes a thousand points a request; the rows are those that it would write
    database = sqlite3.connect(path)
    for seed, run in enumerate(ids[-curves:], runs - curves):
        values = losses(seed, points)
        database.executemany(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('loss', ?, ?, ?, ?, 0)",
            ((value, now - (points - step) * 100, run, step) for step, value in enumerate(values[:-1], 1)),
        )
        database.commit()
    database.close()
    print(mlflow.__version__, experiment)


def write_tensorboard(folder, runs, points, curves):
    import tensorboard
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    now = time.time()
    for seed in range(runs):
        writer = EventFileWriter(os.path.join(folder, f"run {seed}"), max_queue_size=10_000)
        values = losses(seed, points) if seed >= runs - curves else [1 / (seed + 1)]
        first = points - len(values) + 1
        for step, value in enumerate(values, first):
            summary = Summary(value=[Summary.Value(tag="loss", simple_value=value)])
            writer.add_event(Event(wall_time=now - (points - step) / 10, step=step, summary=summary))
        writer.close()
    print(tensorboard.__version__, "-")


tracker, folder, *sizes = sys.argv[1:]
os.makedirs(folder)
{"mlflow": write_mlflow, "tensorboard": write_tensorboard}[tracker](folder, *map(int, sizes))
