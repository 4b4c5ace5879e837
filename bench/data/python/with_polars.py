"""Polars."""

import os
import platform

import polars

from subject_protocol import run_subject


def prepare(request):
    path = request["path"]
    read = polars.read_csv if path.endswith(".csv") else polars.read_parquet
    target = os.path.join(request["tempFolder"], "polars.arrow")

    def step():
        read(path).write_ipc(target, compression="uncompressed")

    step()
    return {"versions": {"python": platform.python_version(), "polars": polars.__version__}}, step


run_subject(prepare)
