import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readNpy } from '../../../bench/boosting/npy.js'
import { columnNames, target, width } from '../../../bench/boosting/synthetic.js'
import { writeTable } from '../../../bench/boosting/tables.js'
import { openTableReader } from '../../../src/datasets/tables/table-reader.js'
import type { TableManifest } from '../../../src/spec/dataset.js'
import { withTempFolder } from '../../../testing/temp-folder.js'

test('every subject reads the same numbers, from CSV and from .npy', () =>
  withTempFolder(async folder => {
    const path = join(folder, 'table')
    const rows = 500
    await writeTable(path, rows, 7)
    const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as TableManifest
    const files = manifest.shards.map(({ name }) => join(path, name))
    const stored = openTableReader(files, manifest)
    const values = readNpy(`${path}-x.npy`, new Float32Array(rows * width))
    const labels = readNpy(`${path}-y.npy`, new Float32Array(rows))
    assert.equal(stored.rows, rows)
    assert.deepEqual(stored.column(target), labels)
    for (const [column, name] of columnNames.entries()) {
      const expected = Float32Array.from(
        { length: rows },
        (_, row) => values[row * width + column]!,
      )
      assert.deepEqual(stored.column(name), expected, name)
    }
    assert.ok(values.some(Number.isNaN))
    assert.ok(labels.includes(0) && labels.includes(1))
  }))

test('the values of a .npy file are aligned to 64 bytes', () =>
  withTempFolder(async folder => {
    await writeTable(join(folder, 'table'), 100, 7)
    const bytes = readFileSync(join(folder, 'table-x.npy'))
    assert.equal((10 + bytes.readUInt16LE(8)) % 64, 0)
    assert.match(bytes.toString('latin1', 10), /^\{'descr': '<f4', .*'shape': \(100, 28,\), \} *\n/)
  }))
