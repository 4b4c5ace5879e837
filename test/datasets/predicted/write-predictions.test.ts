import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writePredictions } from '../../../src/datasets/predicted/write-predictions.js'
import { datasetKey } from '../../../src/datasets/stored/dataset-key.js'
import { cellOf, readBatches, storedColumns } from '../../../src/datasets/stored/stored-columns.js'
import { asTable, readStoredDataset } from '../../../src/datasets/stored/stored-dataset.js'
import type { Cell, TableManifest } from '../../../src/spec/dataset.js'
import { partOf } from '../../../src/spec/dataset-part.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { freshDatasets } from '../uploads.js'

/** The stored rows, by column. */
function rowsOf(manifest: TableManifest, folder: string): Record<string, Cell>[] {
  const rows: Record<string, Cell>[] = []
  const columns = storedColumns(manifest)
  for (const batch of readBatches(
    { manifest, folder, key: '' },
    { first: 0, end: manifest.records },
  )) {
    const values = columns.map(column => batch.values(column))
    for (let row = 0; row < batch.rows; row++) {
      const cells = columns.map((column, at): [string, Cell] => {
        const own = values[at]!
        return [column.column.name, cellOf(column, own[row]!, own instanceof Float32Array)]
      })
      rows.push(Object.fromEntries(cells))
    }
  }
  return rows
}

test('columns are kept as they are, also those without any value in the split that is predicted', async t => {
  const { root, uploadTable } = await freshDatasets(t)
  const csv = [
    'id,area,city,new,rare,late',
    ...['16777217,1.5,ulm,true,,', '2,,NA text,false,,', '3,0.1,bonn,,x,7.5', '4,2,ulm,true,y,8'],
  ].join('\n')
  const { dataset } = await uploadTable(
    { 't.csv': Buffer.from(csv) },
    {
      schema: '{"city":"category","rare":"category"}',
      splits: '{"test":0.5,"by":"time","column":"id"}',
    },
  )
  const folder = `${root}/${datasetKey(dataset.id)}`
  const whole = asTable(await readStoredDataset(folder, datasetKey(dataset.id)))
  for (const { name } of whole.manifest.splits!) {
    const kept = { ...whole, manifest: partOf(whole.manifest, [name]) }
    const before = rowsOf(kept.manifest, folder)
    assert.equal(before.length, 2)
    const target = await tempFolder(t)
    const content = await writePredictions({
      ...{ kept, records: before.length, name: 'houses', folder: target, onRows: () => {} },
      added: [
        {
          ...{ name: 'predicted.label', type: 'category', texts: ['NA', 'yes'] },
          read: (first, count) =>
            Int32Array.from({ length: count }, (_, i) => ((first + i) % 2) - 1),
        },
        {
          ...{ name: 'predicted.value', type: 'number' },
          read: (_, count) => new Float64Array(count).fill(Number.NaN),
        },
        {
          ...{ name: 'record', type: 'integer' },
          read: (first, count) =>
            Float64Array.from({ length: count }, (_, i) => 2 ** 24 + 1 + first + i),
        },
      ],
    })
    const manifest = { ...content, name: 'p', createdAt: dataset.createdAt }
    assert.deepEqual(
      rowsOf(manifest, target),
      before.map((row, i) => ({
        ...row,
        'predicted.label': i % 2 === 0 ? null : 'NA',
        'predicted.value': null,
        record: 2 ** 24 + 1 + i,
      })),
    )
    assert.deepEqual(
      manifest.columns.map(({ name: column, type }) => [column, type]),
      [
        ...kept.manifest.columns.map(({ name: column, type }) => [column, type]),
        ...[
          ['predicted.label', 'category'],
          ['predicted.value', 'number'],
          ['record', 'integer'],
        ],
      ],
    )
  }
})
