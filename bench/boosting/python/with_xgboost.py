"""XGBoost's Python package with a QuantileDMatrix, or with `--dmatrix` a DMatrix."""

import sys

import xgboost

from subject_protocol import run_subject
from tasks import make_prepare, values_of


class Library:
    versions = {"xgboost": xgboost.__version__}

    @staticmethod
    def load(case):
        x, y = values_of(case)
        if "--dmatrix" in sys.argv:
            return xgboost.DMatrix(x, y, nthread=case["threads"])
        return xgboost.QuantileDMatrix(x, y, nthread=case["threads"], max_bin=256)

    @staticmethod
    def train(matrix, case):
        parameters = {
            **{"objective": "binary:logistic", "tree_method": "hist", "max_bin": 256},
            **{"max_depth": 6, "eta": 0.1, "nthread": case["threads"], "verbosity": 0},
        }
        return xgboost.train(parameters, matrix, case["trees"])

    @staticmethod
    def save(model, path):
        model.save_model(path + ".ubj")

    @staticmethod
    def open(path, threads):
        model = xgboost.Booster(model_file=path + ".ubj")
        model.set_param({"nthread": threads})
        return model

    @staticmethod
    def predict(model, x):
        return model.inplace_predict(x)


run_subject(make_prepare(Library))
