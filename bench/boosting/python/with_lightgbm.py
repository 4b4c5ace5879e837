"""LightGBM, with as many leaves as a tree of depth 6 has."""

import lightgbm

from subject_protocol import run_subject
from tasks import make_prepare, values_of


class Library:
    versions = {"lightgbm": lightgbm.__version__}
    threads = 1

    @staticmethod
    def load(case):
        x, y = values_of(case)
        options = {"max_bin": 255, "num_threads": case["threads"], "verbosity": -1}
        return lightgbm.Dataset(x, y, params=options).construct()

    @staticmethod
    def train(matrix, case):
        Library.threads = case["threads"]
        parameters = {
            **{"objective": "binary", "num_leaves": 64, "learning_rate": 0.1, "max_bin": 255},
            **{"num_threads": case["threads"], "verbosity": -1},
        }
        return lightgbm.train(parameters, matrix, case["trees"])

    @staticmethod
    def save(model, path):
        model.save_model(path)

    @staticmethod
    def open(path, threads):
        Library.threads = threads
        return lightgbm.Booster(model_file=path)

    @staticmethod
    def predict(model, x):
        return model.predict(x, num_threads=Library.threads)


run_subject(make_prepare(Library))
