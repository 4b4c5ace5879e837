import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { UploadForm } from '../../../src/datasets/form.js'
import { openTableReader } from '../../../src/datasets/tables/table-reader.js'
import { TrainyardError } from '../../../src/errors.js'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { convertFiles } from '../convert-files.js'

/** The columns of a table that is made of files of a folder. */
async function readTable(folder: string, names: readonly string[], form: UploadForm = {}) {
  const files = Object.fromEntries(names.map(name => [name, readFileSync(join(folder, name))]))
  const { result, folder: converted } = await convertFiles(folder, files, form)
  if (result.kind !== 'table') throw new Error('images')
  const table = { ...result, name: 'a', createdAt: '2026-01-01T00:00:00.000Z' }
  const paths = table.shards.map(({ name }) => join(converted, name))
  const reader = openTableReader(paths, table)
  const columns = table.columns.flatMap(column =>
    column.type === 'text' ? [] : [[column.name, [...reader.exactColumn(column.name)]] as const],
  )
  return { table, columns: Object.fromEntries(columns) }
}

const refusal = async (...read: Parameters<typeof readTable>): Promise<string> => {
  try {
    await readTable(...read)
  } catch (error) {
    if (error instanceof TrainyardError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

test(
  'NumPy tables of two axes, of records, and with a target read as NumPy reads them',
  needsDataWitnesses,
  async t => {
    const folder = await tempFolder(t)
    const written = await runPython(
      `
import json, sys
import numpy as np
folder = sys.argv[1]
rng = np.random.default_rng(2)
plain = rng.normal(size=(200, 3)).astype('f4')
plain[3, 1] = np.nan
np.save(f'{folder}/plain.npy', plain)
np.save(f'{folder}/fortran.npy', np.asfortranarray(plain.astype('>f8')))
records = np.zeros(50, np.dtype([('age', 'i8'), ('weight', '>f8'), ('kind', 'U5'), ('alive', '?'), ('code', 'S3')], align=True))
records['age'] = rng.integers(-5, 90, 50)
records['weight'] = rng.normal(size=50)
records['kind'] = rng.choice(['Katze', 'Hund', ''], 50)
records['alive'] = rng.integers(0, 2, 50)
records['code'] = rng.choice([b'a', b'b'], 50)
np.save(f'{folder}/records.npy', records)
y = rng.integers(0, 3, 200)
np.savez(f'{folder}/stored.npz', X=plain, y=y)
np.savez_compressed(f'{folder}/deflated.npz', X=plain, y=np.eye(3)[y])
np.save(f'{folder}/features.npy', plain)
np.save(f'{folder}/targets.npy', rng.choice(['no', 'yes'], 200))
nan = lambda values: [None if np.isnan(v) else float(v) for v in values]
print(json.dumps({
    'plain': [nan(plain[:, c]) for c in range(3)],
    'age': records['age'].tolist(), 'weight': records['weight'].tolist(),
    'kind': records['kind'].tolist(), 'alive': records['alive'].astype(int).tolist(),
    'code': [c.decode() for c in records['code'].tolist()], 'y': y.tolist(),
}))
`,
      folder,
    )
    const expected = JSON.parse(written) as Record<string, number[]> & {
      plain: (number | null)[][]
      kind: string[]
      code: string[]
    }
    const plain = expected.plain.map(values => values.map(value => value ?? Number.NaN))
    for (const name of ['plain.npy', 'fortran.npy']) {
      const { table, columns } = await readTable(folder, [name])
      assert.equal(table.target, null)
      assert.deepEqual(Object.keys(columns), ['column_1', 'column_2', 'column_3'])
      assert.deepEqual(Object.values(columns), plain, name)
    }

    const { table, columns } = await readTable(folder, ['records.npy'], { target: 'alive' })
    assert.deepEqual(
      table.columns.map(({ name, type }) => `${name} ${type}`),
      ['age integer', 'weight number', 'kind category', 'alive boolean', 'code category'],
    )
    for (const name of ['age', 'weight', 'alive']) assert.deepEqual(columns[name], expected[name])
    const textsOf = (name: string) => {
      const column = table.columns.find(each => each.name === name)
      if (column?.type !== 'category') throw new Error(`${name} is no category`)
      return columns[name]!.map(code => column.categories[code] ?? '')
    }
    assert.deepEqual(textsOf('kind'), expected.kind)
    assert.deepEqual(textsOf('code'), expected.code)

    for (const name of ['stored.npz', 'deflated.npz']) {
      const found = await readTable(folder, [name])
      assert.equal(found.table.target, 'target')
      assert.deepEqual(found.columns.target, expected.y, name)
      assert.deepEqual(found.columns.column_3, plain[2], name)
    }
    const pair = await readTable(folder, ['targets.npy', 'features.npy'])
    assert.equal(pair.table.target, 'target')
    assert.equal(pair.table.columns.at(-1)!.type, 'category')
  },
)

test(
  'arrays that are no table are refused with what was found, and what helps',
  needsDataWitnesses,
  async t => {
    const folder = await tempFolder(t)
    await runPython(
      `
import sys
import numpy as np
folder = sys.argv[1]
table = np.zeros((4, 2)); table[:, 0] = range(4)
infinite = table.copy(); infinite[2, 1] = np.inf
np.save(f'{folder}/infinite.npy', infinite)
np.save(f'{folder}/line.npy', np.arange(4))
np.savez(f'{folder}/two.npz', a=table, b=table)
np.savez(f'{folder}/splits.npz', x_train=table, y_train=np.arange(4), x_test=table, y_test=np.arange(4))
np.savez(f'{folder}/short.npz', x=table, y=np.arange(3))
np.savez(f'{folder}/soft.npz', x=table, y=np.full((4, 3), 1 / 3))
np.savez(f'{folder}/objects.npz', x=table, y=np.array(['a', 1, None, 2], dtype=object))
`,
      folder,
    )
    for (const [name, expected] of [
      [
        'infinite.npy',
        /^DATASET_VALUE infinite\.npy: row 3, column 2: "column_2" is "inf", expected a number within/,
      ],
      ['line.npy', /^DATASET_FORMAT line\.npy: .*found 'line' \[4\] of int64/],
      ['two.npz', /^DATASET_FORMAT two\.npz: .*'a' \[4, 2\] of float64, 'b' \[4, 2\] of float64/],
      ['splits.npz', /tables of 2 splits: upload each as a data set of its own/],
      ['short.npz', /^DATASET_SIZE_MISMATCH short\.npz: y\.npy: 3 labels for 4 in 'x'/],
      ['soft.npz', /^DATASET_LABELS soft\.npz: y\.npy: record 0: .*one-hot/],
      ['objects.npz', /^DATASET_FORMAT objects\.npz: y\.npy: the elements are Python objects/],
    ] as const) {
      assert.match(await refusal(folder, [name]), expected)
    }
  },
)
