"""Writes reference/: predictions of scikit-learn and of XGBoost's Python package, for the tests here.

python3 -m venv venv && venv/bin/pip install scikit-learn==1.9.1 xgboost-cpu==3.4.1
venv/bin/python reference.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
import xgboost
from sklearn.ensemble import GradientBoostingRegressor

here = Path(__file__).parent
out = here / "reference"
out.mkdir(exist_ok=True)
rows = 20


def write(name, figures):
    versions = {"scikit-learn": sklearn.__version__, "xgboost": xgboost.__version__}
    text = json.dumps({"versions": versions, **figures}, separators=(",", ":"))
    (out / f"{name}.json").write_text(text + "\n")


def table(name):
    values = np.loadtxt(here.parent / "data" / f"{name}.csv", delimiter=",", skiprows=1)
    return values[:, :-1].astype(np.float32), values[:, -1].astype(np.float32)


def boosted_trees(x, y):
    model = GradientBoostingRegressor(max_depth=2, n_estimators=3, learning_rate=1.0)
    return model.fit(x, y.astype(np.float64)).predict(x).tolist()


# a noisy parabola
rng = np.random.default_rng(42)
x = (rng.random((100, 1)) - 0.5).astype(np.float32)
y = (3 * x[:, 0] ** 2 + 0.05 * rng.standard_normal(100)).astype(np.float32)
write(
    "hand-made-trees",
    {
        "parabola": {"x": x[:, 0].tolist(), "y": y.tolist(), "predictions": boosted_trees(x, y)},
        "diabetes": {"predictions": boosted_trees(*table("diabetes"))},
    },
)

models = {
    "regression": ("diabetes", "q", {"objective": "reg:squarederror"}),
    "binary": ("breast-cancer", "q", {"objective": "binary:logistic"}),
    "multiclass": ("wine", "q", {"objective": "multi:softprob", "num_class": 3}),
    "categorical": ("digits", "c", {"objective": "reg:squarederror"}),
}
figures = {}
for name, (source, kind, parameters) in models.items():
    x, y = table(source)
    matrix = xgboost.DMatrix(x, y, feature_types=[kind] * x.shape[1], enable_categorical=True)
    model = xgboost.train({**parameters, "max_depth": 3, "nthread": 1}, matrix, 8)
    model.save_model(out / f"{name}.ubj")
    some = matrix.slice(range(rows))
    figures[name] = {
        "table": source,
        "values": model.predict(some).reshape(-1).tolist(),
        "margins": model.predict(some, output_margin=True).reshape(-1).tolist(),
        "contributions": model.predict(some, pred_contribs=True).reshape(-1).tolist(),
    }
write("models", figures)
