"""Writes reference/: predictions of scikit-learn and of XGBoost's Python package, for the tests here.

python3 -m venv venv && venv/bin/pip install scikit-learn==1.9.1 xgboost-cpu==3.4.1 pandas==3.1.1
venv/bin/python reference.py
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
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

# categories of a data frame: texts, whole numbers, and a column without any value
towns = ["Aš", "Köln", "b c", "樺太"]
numbers = np.arange(120)
frame = pd.DataFrame(
    {
        "town": pd.Categorical([towns[i % 4] for i in numbers], categories=towns),
        "firm": pd.Categorical([None if i % 11 == 0 else i % 5 for i in numbers], range(5)),
        "none": np.nan,
    }
)
target = (numbers * 7 % 13).astype(np.float32)
matrix = xgboost.QuantileDMatrix(frame, target, enable_categorical=True)
model = xgboost.train({"objective": "reg:squarederror", "nthread": 1}, matrix, 10)
# the same texts and numbers by other codes
recoded = frame.assign(
    town=frame.town.cat.reorder_categories(towns[::-1]),
    firm=frame.firm.cat.reorder_categories([3, 1, 4, 0, 2]),
)
write(
    "named-categories",
    {
        "cats": json.loads(model.save_raw("json"))["learner"]["gradient_booster"]["model"]["cats"],
        "predictions": model.predict(
            xgboost.DMatrix(recoded, enable_categorical=True)
        ).tolist(),
    },
)
