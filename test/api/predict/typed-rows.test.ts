// Rows in Arrow, Parquet and raw numbers, right and hostile; pyarrow writes them.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { defaultLimits } from '../../../src/api/http/limits.js'
import { readTypedRows } from '../../../src/api/predict/arrow-input.js'
import { readRowTensor } from '../../../src/api/predict/tensor.js'
import { TrainyardError } from '../../../src/errors.js'
import type { RowModel } from '../../../src/predictions/row-encoding.js'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { mulberry32 } from '../../../testing/random.js'

const model: RowModel = {
  columns: [
    { name: 'a', type: 'number', categories: null },
    { name: 'b', type: 'boolean', categories: null },
    { name: 'c', type: 'category', categories: ['x', '9007199254740993', '2.0'] },
  ],
  unusedColumns: ['id', 'y'],
  offset: 'o',
  outputs: 1,
}
const options = { unknownCategory: 'missing', unknownColumn: 'error' } as const
const limits = { ...defaultLimits, rows: 100 }

const program = `
import io, json, base64, pyarrow as pa, pyarrow.parquet as pq
def write(table, form, **options):
    sink = io.BytesIO()
    if form == 'parquet':
        pq.write_table(table, sink, **options)
    else:
        make = pa.ipc.new_file if form == 'file' else pa.ipc.new_stream
        with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
            writer.write_table(table)
    return base64.b64encode(sink.getvalue()).decode()
n = float('nan')
good = pa.table({
    'a': pa.array([1.5, None, n], pa.float32()), 'b': pa.array([True, None, False]),
    'c': pa.array([9007199254740993, 2, 7], pa.int64()), 'o': pa.array([0, 1, 2], pa.uint8()),
    'id': ['p', 'q', 'r'], 'list': [[1], [2], [3]],
})
texts = pa.table({'a': [1.0, 2.0], 'c': ['x', ''], 'o': [0.0, None]})
big = pa.table({'t%d' % i: ['a' * 30_000_000] for i in range(3)})
many = pa.table({'a': pa.array(range(101), pa.float64()), 'o': pa.array([0.0] * 101)})
forms = ['stream', 'file', 'parquet']
print(json.dumps({
    'good': {form: write(good, form) for form in forms},
    'texts': {form: write(texts, form) for form in forms},
    'many': {form: write(many, form) for form in forms},
    'bombs': {form: write(big, form, compression='zstd') for form in forms},
}))
`

const forms = ['stream', 'file', 'parquet'] as const
type Form = (typeof forms)[number]
let files: Record<'good' | 'texts' | 'many' | 'bombs', Record<Form, string>>
before(async () => {
  if (!needsDataWitnesses.skip) files = JSON.parse(await runPython(program))
})

const bytesOf = (name: keyof typeof files, form: Form) => Buffer.from(files[name][form], 'base64')
const read = (bytes: Uint8Array, form: Form, more: { unknownColumn?: 'ignore' } = {}) =>
  readTypedRows(form === 'parquet' ? form : 'arrow', bytes, model, { ...options, ...more }, limits)

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    assert.ok(error instanceof TrainyardError, String((error as Error).stack))
    return `${error.code} ${error.errors[0]?.path}`
  }
}

for (const form of forms) {
  test(`typed columns are read by name, with what is missing: ${form}`, needsDataWitnesses, () => {
    const { rows, offsets, count, report } = read(bytesOf('good', form), form)
    const NA = Number.NaN
    assert.deepEqual([...rows], [1.5, 1, 1, NA, NA, 2, NA, 0, NA])
    assert.deepEqual([...offsets!], [0, 1, 2])
    assert.equal(count, 3)
    assert.deepEqual(report.unknownCategories, [{ column: 'c', rows: 1, examples: ['7'] }])
    assert.deepEqual(report.passedOver, ['id'])
    assert.deepEqual(
      report.notes!.map(({ code, columns }) => [code, columns]),
      [['columns_unreadable', ['list']]],
    )
  })

  test(
    `a row that lacks what it needs, and too many rows, are refused: ${form}`,
    needsDataWitnesses,
    () => {
      const lacking = codeOf(() => read(bytesOf('texts', form), form))
      assert.equal(lacking, 'INVALID_INSTANCES /instances/1/o')
      assert.match(
        codeOf(() => read(bytesOf('many', form), form)),
        /^DATASET_TOO_LARGE the body/,
      )
    },
  )

  test(`a small file that inflates to much is refused: ${form}`, needsDataWitnesses, () => {
    const bytes = bytesOf('bombs', form)
    assert.ok(bytes.length < 100_000, `${bytes.length} bytes`)
    const found = codeOf(() => read(bytes, form, { unknownColumn: 'ignore' }))
    assert.match(found, /^DATASET_TOO_LARGE the body/)
  })

  test(`any damaged file is read or refused: ${form}`, needsDataWitnesses, () => {
    const random = mulberry32(3)
    const codes = new Set<string>()
    for (let i = 0; i < 400; i++) {
      const bytes = Buffer.from(bytesOf('good', form))
      for (let flips = 0; flips < 1 + i / 100; flips++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      codes.add(codeOf(() => read(bytes, form)).split(' ')[0]!)
    }
    assert.ok(codes.has('DATASET_FORMAT') && codes.has('none'), [...codes].join())
  })
}

test('raw numbers are rows in the order of the columns, with codes of categories', () => {
  const tensor = (values: number[], shape: number[]) =>
    readRowTensor(
      new Uint8Array(Float64Array.from(values).buffer),
      { dtype: 'float64', shape, path: 'querystring:/shape' },
      model,
      options,
      limits,
    )
  const NA = Number.NaN
  const { rows, offsets } = tensor([1.5, 1, 2, 0.25, NA, NA, NA, 0], [2, 4])
  assert.deepEqual([...rows], [1.5, 1, 2, NA, NA, NA])
  assert.deepEqual([...offsets!], [0.25, 0])
  assert.deepEqual([...tensor([1, 0, 0, 0], [4]).rows], [1, 0, 0])
  const refused = (values: number[], shape = [1, 4]) => codeOf(() => tensor(values, shape))
  assert.equal(refused([1, 0, 3, 0]), 'INVALID_INSTANCES /instances/0/c')
  assert.equal(refused([1, 0, 0.5, 0]), 'INVALID_INSTANCES /instances/0/c')
  assert.equal(refused([1, 2, 0, 0]), 'INVALID_INSTANCES /instances/0/b')
  assert.equal(refused([1e300, 1, 0, 0]), 'INVALID_INSTANCES /instances/0/a')
  assert.equal(refused([Number.POSITIVE_INFINITY, 1, 0, 0]), 'INVALID_INSTANCES /instances/0/a')
  assert.equal(refused([1, 1, 0, NA]), 'INVALID_INSTANCES /instances/0/o')
  assert.equal(refused([1, 1, 0], [1, 3]), 'INVALID_INSTANCES querystring:/shape')
  assert.equal(refused([1, 1, 0, 0], [1, 1, 4]), 'INVALID_INSTANCES querystring:/shape')
  assert.equal(refused([1, 1, 0, 0], [2, 4]), 'INVALID_INSTANCES ')
  assert.equal(refused([], [0, 4]), 'INVALID_REQUEST /instances')
})
