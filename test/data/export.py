"""Writes scikit-learn's own tables as CSV: a header, the target in the last column.

python3 -m venv venv && venv/bin/pip install scikit-learn==1.9.1 && venv/bin/python export.py
"""

import csv
from pathlib import Path

from sklearn import datasets

here = Path(__file__).parent
tables = {
    "diabetes": datasets.load_diabetes(scaled=False),
    "breast-cancer": datasets.load_breast_cancer(),
    "wine": datasets.load_wine(),
    "digits": datasets.load_digits(),
}

for name, table in tables.items():
    with open(here / f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = [str(n).replace(" ", "_") for n in table.feature_names]
        writer.writerow([*names, "target"])
        for row, target in zip(table.data, table.target, strict=True):
            # ten digits: diabetes' mean serum levels are stored with noise in the last ones
            writer.writerow([f"{v:.10g}" for v in row] + [f"{target:.10g}"])
