"""pandas, with its C engine for CSV."""

import os
import platform

import pandas
import pyarrow

from subject_protocol import run_subject


def prepare(request):
    path = request["path"]
    read = pandas.read_csv if path.endswith(".csv") else pandas.read_parquet
    target = os.path.join(request["tempFolder"], "pandas.feather")

    def step():
        read(path).to_feather(target, compression="uncompressed")

    step()
    versions = {"python": platform.python_version(), "pandas": pandas.__version__, "pyarrow": pyarrow.__version__}
    return {"versions": versions}, step


run_subject(prepare)
