"""scikit-learn's histogram-based gradient boosting."""

import pickle

import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from subject_protocol import run_subject
from tasks import make_prepare, values_of


class Library:
    versions = {"scikit-learn": sklearn.__version__}

    @staticmethod
    def load(case):
        return values_of(case)

    @staticmethod
    def train(values, case):
        threadpool_limits(case["threads"])
        model = HistGradientBoostingClassifier(
            learning_rate=0.1,
            max_iter=case["trees"],
            max_depth=6,
            max_leaf_nodes=64,
            early_stopping=False,
        )
        return model.fit(*values)

    @staticmethod
    def save(model, path):
        with open(path, "wb") as file:
            pickle.dump(model, file)

    @staticmethod
    def open(path, threads):
        threadpool_limits(threads)
        with open(path, "rb") as file:
            return pickle.load(file)

    @staticmethod
    def predict(model, x):
        return model.predict_proba(x)[:, 1]


run_subject(make_prepare(Library))
