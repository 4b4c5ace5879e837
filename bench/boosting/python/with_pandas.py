"""pandas' C engine for CSV, then conversion to float32, which trees are trained on."""

import pandas

from subject_protocol import run_subject
from tasks import make_prepare


class Library:
    versions = {"pandas": pandas.__version__}

    @staticmethod
    def read(path):
        return pandas.read_csv(path, engine="c").to_numpy("float32")


run_subject(make_prepare(Library))
