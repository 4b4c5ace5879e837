import assert from 'node:assert/strict'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import type { ExportFormat } from '../../../src/datasets/exports/export-task.js'
import { Exports } from '../../../src/datasets/exports/exports.js'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { freshDatasets, mnistSlice } from '../uploads.js'

/** Several batches of rows, with each type and missing values. */
const rows = 70_000
const expected = (i: number) => ({
  half: i % 10 === 3 ? null : i / 2,
  exact: i + 0.1234567891,
  count: i % 7 === 1 ? null : i * 1000 - 50,
  kind: i % 11 === 0 ? null : ['red, dark', 'NA', 'Grün "x"', '猫'][i % 4]!,
  ok: i % 13 === 5 ? null : i % 3 === 0,
})

function csvOf(): Buffer {
  const cell = (value: unknown) =>
    value === null ? '' : typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : value
  const lines = ['half,exact,count,kind,ok']
  for (let i = 0; i < rows; i++) lines.push(Object.values(expected(i)).map(cell).join(','))
  return Buffer.from(lines.join('\n'))
}

const schema =
  '{"half":"number","exact":"number","count":"integer","kind":"category","ok":"boolean"}'

/** Prints some rows as JSON, and sums of all. */
const readTable = `
import sys, json, pandas, pyarrow.parquet, pyarrow.feather, pyarrow.csv
path, format = sys.argv[1:3]
if format == "parquet":
    file = pyarrow.parquet.ParquetFile(path)
    assert file.metadata.row_group(0).column(3).has_dictionary_page
    frame = pandas.read_parquet(path)
elif format == "arrow":
    frame = pandas.read_feather(path)
    assert str(frame["kind"].dtype) == "category"
else:
    frame = pandas.read_csv(path, keep_default_na=False, na_values={c: [""] for c in ["half", "exact", "count", "ok"]})
def plain(value):
    if value is None or value is pandas.NA or value != value or value == "": return None
    if isinstance(value, str): return value
    return float(value)
picked = [0, 1, 3, 11, 65535, 65536, 69998, 69999]
print(json.dumps({
    "rows": len(frame),
    "columns": list(frame.columns),
    "picked": [[plain(frame[c].iloc[i]) for c in frame.columns] for i in picked],
    "sum": float(frame["exact"].sum()),
    "missing": [int(frame[c].isna().sum()) for c in ["half", "count", "ok"]],
}))
`

test('pandas reads the same table from CSV, Parquet and Arrow', needsDataWitnesses, async t => {
  const { root, store, uploadTable } = await freshDatasets(t)
  const { dataset } = await uploadTable({ 'a.csv': csvOf() }, { schema })
  const exports = new Exports(store)
  const all = Array.from({ length: rows }, (_, i) => expected(i))
  const missing = (name: 'half' | 'count' | 'ok') => all.filter(row => row[name] === null).length
  const picked = [0, 1, 3, 11, 65535, 65536, 69_998, 69_999].map(i =>
    Object.values(expected(i)).map(value => (typeof value === 'boolean' ? Number(value) : value)),
  )
  for (const format of ['csv', 'parquet', 'arrow'] as ExportFormat[]) {
    const path = join(root, `export.${format}`)
    await pipeline(await exports.open(dataset, format), createWriteStream(path))
    const read = JSON.parse(await runPython(readTable, path, format))
    assert.deepEqual(read.picked, picked, format)
    assert.equal(read.rows, rows)
    assert.deepEqual(read.columns, ['half', 'exact', 'count', 'kind', 'ok'])
    assert.deepEqual(read.missing, [missing('half'), missing('count'), missing('ok')])
    assert.ok(Math.abs(read.sum - all.reduce((sum, { exact }) => sum + exact, 0)) < 1)
  }
})

/** Prints, for each class, the sorted sums of the pixels of its images, and whether the archive is sound. */
const readZip = `
import sys, json, zipfile, io
from PIL import Image
import numpy as np
sums = {}
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    for name in archive.namelist():
        image = np.asarray(Image.open(io.BytesIO(archive.read(name))))
        assert image.shape == (28, 28) and image.dtype == np.uint8
        sums.setdefault(name.split("/")[0], []).append(int((image.astype(int) * np.arange(784).reshape(28, 28)).sum()))
print(json.dumps({name: sorted(values) for name, values in sums.items()}))
`

test('zipfile and Pillow read the same images from the zip', needsDataWitnesses, async t => {
  const { root, store, upload } = await freshDatasets(t)
  const { images, labels } = await mnistSlice(200)
  const { dataset } = await upload({ images, labels })
  const path = join(root, 'export.zip')
  await pipeline(await new Exports(store).open(dataset, 'folders'), createWriteStream(path))
  const expectedSums: Record<string, number[]> = {}
  for (let i = 0; i < 200; i++) {
    const pixels = images.subarray(16 + 784 * i, 16 + 784 * (i + 1))
    const sum = pixels.reduce((total, value, at) => total + value * at, 0)
    const name = String(labels[8 + i])
    expectedSums[name] = [...(expectedSums[name] ?? []), sum]
  }
  for (const sums of Object.values(expectedSums)) sums.sort((a, b) => a - b)
  assert.deepEqual(JSON.parse(await runPython(readZip, path)), expectedSums)
})
