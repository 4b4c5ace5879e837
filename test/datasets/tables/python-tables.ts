import { runPython } from '../../../testing/data-witnesses.js'

/** Python that makes `frame`: each type that pandas and pyarrow write, with missing values, over several pages. */
const makeFrame = `
import sys, json, math, datetime, decimal
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.parquet as pq, pyarrow.feather as feather
folder = sys.argv[1]
rows = 1200
n = np.arange(rows)
rng = np.random.default_rng(5)
def gaps(values, step):
    return [None if i % step == 2 else v for i, v in enumerate(values)]
table = pa.table({
    "i8": pa.array((n % 100 - 50).astype("int8")),
    "u16": pa.array((n * 20).astype("uint16")),
    "i32": pa.array(gaps((n * 1000 - 7).tolist(), 5), pa.int32()),
    "u32": pa.array((n + 2**32 - rows).astype("uint32")),
    "i64": pa.array(gaps((n * 2**30).tolist(), 7), pa.int64()),
    "f16": pa.array((n / 8).astype("float16")),
    "f32": pa.array(rng.normal(size=rows).astype("float32")),
    "f64": pa.array(gaps(rng.normal(size=rows).tolist(), 11), pa.float64()),
    "round": pa.array(np.round(rng.uniform(size=rows) * 100, 2)),
    "nan": pa.array([math.nan if i % 3 == 0 else i / 4 for i in range(rows)]),
    "few": pa.array((n % 3) * 0.5),
    "flag": pa.array(gaps((n % 2 == 0).tolist(), 13), pa.bool_()),
    "money": pa.array([None if i % 4 == 2 else decimal.Decimal(i).scaleb(-2) for i in range(rows)], pa.decimal128(12, 2)),
    "text": pa.array(gaps(["Köln", "Ulm", "NA", "Bonn \\u4e2d"] * (rows // 4), 6)),
    "large": pa.array(["a", "b"] * (rows // 2), pa.large_string()),
    "coded": pa.array(gaps(["x", "y", "z"] * (rows // 3), 9)).dictionary_encode(),
    "day": pa.array([datetime.date(2020, 1, 1 + i % 9) for i in range(rows)]),
    "when": pa.array([datetime.datetime(2020, 1, 1 + i % 9, 12, 30, 0, 500000) for i in range(rows)], pa.timestamp("us")),
    "zone": pa.array([datetime.datetime(1969, 1, 1 + i % 9) for i in range(rows)], pa.timestamp("ms", tz="UTC")),
    "clock": pa.array([datetime.time(1 + i % 9, 2, 3) for i in range(rows)], pa.time64("us")),
    "nothing": pa.array([None] * rows, pa.float64()),
})
nested = table.append_column("list", pa.array([[1, 2]] * rows)).append_column("struct", pa.array([{"a": 1}] * rows))
`

/** Prints what pandas reads: numbers as float64, others as texts, missing as null. */
const printFrame = `
def shown(column):
    values = []
    for value in column.to_pylist():
        if value is None or (isinstance(value, float) and math.isnan(value)): values.append(None)
        elif isinstance(value, bool): values.append(int(value))
        elif isinstance(value, (int, float, decimal.Decimal)): values.append(float(value))
        elif isinstance(value, datetime.datetime):
            text = value.isoformat().replace("+00:00", "Z")
            values.append(text.rstrip("0") if "." in text else text)
        elif isinstance(value, (datetime.date, datetime.time)): values.append(value.isoformat())
        else: values.append(value)
    return values
print(json.dumps({name: shown(table[name]) for name in table.column_names}))
`

export type PythonTable = Record<string, (number | string | null)[]>

/** Runs Python that writes `table` or `nested` into `folder`, and returns the values that pyarrow has. */
export async function writeTables(folder: string, write: string): Promise<PythonTable> {
  return JSON.parse(await runPython(`${makeFrame}${write}${printFrame}`, folder))
}
