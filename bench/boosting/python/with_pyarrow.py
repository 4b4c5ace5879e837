"""Arrow's CSV reader, then conversion to float32, which trees are trained on."""

import os

import pyarrow
from pyarrow import csv

from subject_protocol import run_subject
from tasks import make_prepare


class Library:
    versions = {"pyarrow": pyarrow.__version__}

    @staticmethod
    def read(path):
        pyarrow.set_cpu_count(int(os.environ["OMP_NUM_THREADS"]))
        table = csv.read_csv(path)
        return table.cast(pyarrow.schema([(name, pyarrow.float32()) for name in table.column_names]))


run_subject(make_prepare(Library))
