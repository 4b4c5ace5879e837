"""Writes a table of 20 columns: `make_table.py <rows> <path>`, as CSV or Parquet by the path."""

import sys

import numpy
import pandas

rows, path = int(sys.argv[1]), sys.argv[2]
random = numpy.random.default_rng(1)


def texts(count):
    names = numpy.array([f"kind {n}" for n in range(count)])
    return names[random.integers(0, count, rows)]


def prices():
    values = numpy.round(random.lognormal(3, 1, rows), 2)
    return numpy.where(random.random(rows) < 0.05, numpy.nan, values)


frame = pandas.DataFrame(
    {
        **{f"x{n}": random.normal(size=rows) for n in range(8)},
        **{f"price{n}": prices() for n in range(4)},
        **{f"count{n}": random.integers(0, top, rows) for n, top in enumerate([10, 1000, 100_000, 2**40])},
        **{f"kind{n}": texts(count) for n, count in enumerate([5, 50, 500])},
        "flag": random.random(rows) < 0.3,
    }
)
if path.endswith(".csv"):
    frame.to_csv(path, index=False)
else:
    frame.to_parquet(path)
