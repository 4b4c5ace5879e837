"""pandas' CSV reader in C, and the float32 that trees are trained on."""

import pandas

from subject_protocol import converse
from tasks import preparing


class Library:
    versions = {"pandas": pandas.__version__}

    @staticmethod
    def read(path):
        return pandas.read_csv(path, engine="c").to_numpy("float32")


converse(preparing(Library))
