"""The tasks of the cases; `library` adapts a Python package to them."""

import platform
from itertools import count

import numpy

from subject_protocol import peak_rss_mb


def make_prepare(library):
    """Returns `prepare` for `run_subject`. A library has `versions` and the methods that its tasks need:
    `read(csv)`, `load(case)`, `train(matrix, case)`, `save(model, path)`, `open(path, threads)`,
    and `predict(model, x)`, which returns the probabilities of class 1."""

    def prepare(case):
        step, model = globals()[case["task"]](library, case)
        step()
        once = peak_rss_mb()
        if model:
            held = numpy.load(case["heldOut"] + "-x.npy")
            numpy.asarray(library.predict(model(), held), "float32").tofile(case["predictions"])
        versions = {"python": platform.python_version(), **library.versions}
        return {"versions": versions, "singleRunPeakRssMb": once}, step

    return prepare


def ingest(library, case):
    return lambda: library.read(case["table"] + ".csv"), None


def load(library, case):
    return lambda: library.load(case), None


def train(library, case):
    made = None

    def step():
        nonlocal made
        made = None
        made = library.train(library.load(case), case)

    def model():
        library.save(made, case["model"])
        return made

    return step, model


def predict(library, case):
    single = case["rows"] == 1
    # waking a second thread takes longer than predicting one row
    model = library.open(case["model"], 1 if single else case["threads"])
    x = numpy.load(case["table"] + "-x.npy", mmap_mode="r" if single else None)
    x = numpy.array(x[:1000]) if single else x[: case["rows"]]
    rows = count()

    def one():
        at = next(rows) % 1000
        library.predict(model, x[at : at + 1])

    return one if single else lambda: library.predict(model, x), lambda: model


def values_of(case):
    """Features [rows, 28] and labels [rows], float32."""
    return numpy.load(case["table"] + "-x.npy"), numpy.load(case["table"] + "-y.npy")
