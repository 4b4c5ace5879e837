"""Writes reference/objectives.json: what XGBoost's Python package predicts with each objective.

python3 -m venv venv && venv/bin/pip install xgboost-cpu==3.4.1
venv/bin/python objectives.py
"""

import json
from pathlib import Path

import numpy as np
import xgboost

here = Path(__file__).parent
rows = 20
common = {"max_depth": 3, "eta": 0.3, "nthread": 1, "seed": 1}


def table(name):
    values = np.loadtxt(here.parent / "data" / f"{name}.csv", delimiter=",", skiprows=1)
    return values[:, :-1].astype(np.float32), values[:, -1].astype(np.float32)


def train(source, parameters, weight=None, base_margin=None):
    x, y = table(source)
    margin = None if base_margin is None else base_margin(x)
    matrix = xgboost.QuantileDMatrix(x, y, weight=None if weight is None else weight(y), base_margin=margin)
    result = {}
    model = xgboost.train({**common, **parameters}, matrix, 8, [(matrix, "train")], evals_result=result, verbose_eval=False)
    some = xgboost.DMatrix(x[:rows], base_margin=None if margin is None else margin[:rows])
    return {
        "table": source,
        "metrics": {name: values[-1] for name, values in result["train"].items()},
        "values": model.predict(some).reshape(-1).tolist(),
        "contributions": model.predict(some, pred_contribs=True)[:3].reshape(-1).tolist(),
    }


figures = {
    "absoluteError": train("diabetes", {"objective": "reg:absoluteerror", "eval_metric": ["mae", "rmse"]}),
    "huber": train(
        "diabetes",
        {"objective": "reg:pseudohubererror", "huber_slope": 50, "eval_metric": ["mphe", "mae", "rmse"]},
    ),
    "gamma": train("diabetes", {"objective": "reg:gamma", "eval_metric": ["gamma-nloglik", "gamma-deviance"]}),
    "tweedie": train(
        "diabetes",
        {"objective": "reg:tweedie", "tweedie_variance_power": 1.2, "eval_metric": ["tweedie-nloglik@1.2", "rmse"]},
    ),
    "baseScore": train("diabetes", {"objective": "reg:squarederror", "base_score": 100, "eval_metric": ["rmse", "mae"]}),
    "scalePosWeight": train(
        "breast-cancer",
        {"objective": "binary:logistic", "scale_pos_weight": 3, "eval_metric": ["logloss", "auc", "error"]},
    ),
    "weights": train(
        "breast-cancer",
        {"objective": "binary:logistic", "eval_metric": ["logloss", "auc", "error"]},
        # sklearn.utils.class_weight.compute_sample_weight('balanced', y)
        weight=lambda y: (len(y) / (2 * np.bincount(y.astype(int))))[y.astype(int)],
    ),
    "offset": train(
        "diabetes",
        {"objective": "count:poisson", "eval_metric": "poisson-nloglik"},
        base_margin=lambda x: np.log(x[:, 3]),
    ),
}
text = json.dumps({"xgboost": xgboost.__version__, **figures}, separators=(",", ":"))
(here / "reference" / "objectives.json").write_text(text + "\n")
