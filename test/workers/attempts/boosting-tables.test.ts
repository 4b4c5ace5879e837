import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Table } from '../../../src/boosting/training-table.js'
import { TrainingFailure, TrainyardError } from '../../../src/errors.js'
import { planJob } from '../../../src/planning/plan.js'
import { type BoostingJobRequest, isBoosting } from '../../../src/spec/job.js'
import { openTables } from '../../../workers/attempts/boosting-tables.js'
import { fixture, freshDatasets } from '../../datasets/uploads.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

/** Uploads the tables, plans a job, and opens its tables as a trainer does. */
async function openedTables(
  t: { after(work: () => Promise<void>): void },
  content: string | Buffer,
  training: NonNullable<BoostingJobRequest['training']>,
  validationContent?: string | Buffer,
  model: Omit<BoostingJobRequest['model'], 'kind'> = {},
) {
  const { datasets, uploadTable } = await freshDatasets(t)
  const { dataset } = await uploadTable({ 'train.csv': Buffer.from(content as string) })
  const validation = validationContent
    ? (await uploadTable({ 'test.csv': Buffer.from(validationContent as string) })).dataset
    : null
  const request = {
    model: { kind: 'boosting' as const, ...model },
    dataset: dataset.name,
    training,
  }
  const job = planJob(identity, request, dataset, validation)
  assert.ok(isBoosting(job))
  const task = { job, dataset, validation, attempt: 1, resumeFrom: null, threads: null }
  return { job, ...(await openTables(task, datasets)) }
}

/** The rows of a table, each as its values and its label. */
function rowsOf(table: Table | null): number[][] {
  const rows: number[][] = []
  for (const batch of table!.batches()) {
    for (let row = 0; row < batch.rows; row++) {
      rows.push([...batch.columns.map(values => values[row]!), table!.labels[rows.length]!])
    }
  }
  return rows
}

const lines = (...rows: string[]) => `${rows.join('\n')}\n`

test('two numbers become the classes 0 and 1', async t => {
  for (const [name, labels] of [
    ['class-2-4.csv', ['2', '4']],
    ['class-float-01.csv', ['0', '1']],
  ] as const) {
    const content = await fixture(name)
    const { job, training } = await openedTables(t, content, { target: 'class', validation: 0 })
    assert.equal(job.model.objective, 'binary')
    assert.deepEqual(job.training.classes?.labels, labels)
    const values = content.toString().trim().split('\n').slice(1)
    const classes = values.map(line => (Number(line.split(',')[2]) === Number(labels[1]) ? 1 : 0))
    assert.deepEqual([...training.labels], classes)
  }
})

test('rows without a target are left out, as if they were not in the table', async t => {
  const complete = Array.from({ length: 40 }, (_, row) => `${row},${row / 2}`)
  const header = 'a,y'
  const gaps = complete.flatMap((line, row) => (row % 8 === 0 ? ['100,', line, '200,NA'] : [line]))
  for (const validation of [0, 0.25]) {
    const training = { target: 'y', validation }
    const expected = await openedTables(t, lines(header, ...complete), training)
    const opened = await openedTables(t, lines(header, ...gaps), training)
    assert.deepEqual(rowsOf(opened.training), rowsOf(expected.training))
    assert.equal(opened.job.training.rows, expected.job.training.rows)
    if (validation > 0) assert.deepEqual(rowsOf(opened.validation), rowsOf(expected.validation))
    const [note] = opened.job.notes ?? []
    assert.match(note?.message ?? '', /^10 rows of '.*' without a value of the target 'y' are left/)
  }
})

const training = lines('state,zone,flag,y', 'true,1,x,cat', 'unknown,A,x,dog', 'false,2,x,cow')

test("a validation table is read by the training table's types, and classes go by name", async t => {
  const validation = lines('y,flag,zone,state', 'cow,,2,true', 'dog,,1,false', ',,1,true')
  const opened = await openedTables(
    t,
    training,
    { target: 'y', validation: { dataset: 'test' } },
    validation,
  )
  assert.deepEqual(rowsOf(opened.training), [
    [1, 0, 0, 0],
    [2, 2, 0, 2],
    [0, 1, 0, 1],
  ])
  assert.deepEqual(rowsOf(opened.validation), [
    [1, 1, Number.NaN, 1],
    [0, 0, Number.NaN, 2],
  ])
})

test('a validation value between two classes fails the job with the value', async t => {
  const y = (...values: (number | string)[]) => lines('a,y', ...values.map(value => `1,${value}`))
  await assert.rejects(
    openedTables(
      t,
      y('1', '2', '4', 'x'),
      { target: 'y', validation: { dataset: 'test' } },
      y(1, 3, 4),
    ),
    (error: unknown) =>
      error instanceof TrainingFailure &&
      /^the target 'y' is 3 in row 2 .* no class/.test(error.message),
  )
})

test('rows are held out by class and by group, and rows without a target are in neither part', async t => {
  const ids = Array.from({ length: 40 }, (_, row) => 123_456_789 + Math.floor(row / 4))
  const content = lines(
    'patient,x,y',
    ...ids.map((id, row) => `${id},${row},${row === 39 ? '' : row % 13 === 0 ? 'yes' : 'no'}`),
  )
  const byClass = await openedTables(t, content, { target: 'y', validation: 0.25 })
  assert.deepEqual(byClass.job.training.validation, { fraction: 0.25, by: 'class' })
  const counts = (table: Table | null) =>
    [0, 1].map(label => table!.labels.filter(other => other === label).length)
  assert.deepEqual(
    [counts(byClass.training), counts(byClass.validation)],
    [
      [27, 2],
      [9, 1],
    ],
  )
  const byGroup = await openedTables(t, content, {
    target: 'y',
    validation: { holdOut: 0.2, by: 'group', column: 'patient' },
  })
  assert.deepEqual(byGroup.job.training.features, ['x'])
  const patients = (table: Table | null) => new Set(rowsOf(table).map(([x]) => ids[x!]))
  const [training, validation] = [patients(byGroup.training), patients(byGroup.validation)]
  assert.deepEqual([training.size, validation.size], [8, 2])
  assert.equal(new Set([...training, ...validation]).size, 10)
})

test('the offset of each row comes with its target, from the validation table too', async t => {
  const content = lines('exposure,x,y', '0.5,1,2', '1.5,2,3', '2.5,3,', '3.5,4,5')
  const { training, validation } = await openedTables(
    t,
    content,
    { target: 'y', offset: 'exposure' },
    lines('y,x,exposure', '1,9,-4', '2,8,-5'),
  )
  assert.deepEqual([...training.offsets!], [0.5, 1.5, 3.5])
  assert.deepEqual([...validation!.offsets!], [-4, -5])
  assert.deepEqual(rowsOf(training), [
    [1, 2],
    [2, 3],
    [4, 5],
  ])
})

test('rows are held out by dates, which are categories, and a day is not divided', async t => {
  const days = ['2024-02-10', '2024-01-31', '2023-12-24', '2024-02-01']
  const content = lines(
    'day,x,y',
    ...Array.from({ length: 40 }, (_, row) => `${days[row % 4]},${row},${row / 8}`),
  )
  const { job, training, validation } = await openedTables(t, content, {
    target: 'y',
    validation: { holdOut: 0.2, by: 'time', column: 'day' },
  })
  assert.deepEqual(job.training.features, ['x'])
  assert.deepEqual(
    rowsOf(validation).map(([x]) => x),
    Array.from({ length: 10 }, (_, i) => 4 * i),
  )
  assert.equal(training.rows, 30)
})

test('rows of a group that lie apart are sorted by group, as if the file were', async t => {
  const content = await fixture('groups-by-name.csv')
  const [header, ...rows] = content.toString().trim().split('\n')
  const names = [...new Set(rows.map(row => row.split(',')[0]!))]
  const sorted = names.flatMap(name => rows.filter(row => row.startsWith(`${name},`)))
  assert.notDeepEqual(sorted, rows)
  const ranking = { objective: 'ranking' } as const
  const weights = (lines: string[]) =>
    lines.map(
      line =>
        `${line},${1 + Number(line.split(',')[1])},${line.length + Number(line.split(',')[1]) / 100}`,
    )
  for (const validation of [0, 0.4, { dataset: 'test' }]) {
    const training = { target: 'y', group: 'q', sampleWeight: 'w', offset: 'o', validation }
    const open = (table: string[], other: string[]) => {
      const csv = (body: string[]) => lines(`${header},w,o`, ...weights(body))
      const second = typeof validation === 'object' ? csv(other) : undefined
      return openedTables(t, csv(table), training, second, ranking)
    }
    const apart = await open(rows, rows.toReversed())
    const together = await open(sorted, sorted.toReversed())
    for (const part of ['training', 'validation'] as const) {
      const [found, expected] = [apart[part], together[part]]
      assert.equal(found === null, expected === null)
      if (!found || !expected) continue
      assert.deepEqual(found.groups, expected.groups)
      assert.deepEqual(found.sampleWeights, expected.sampleWeights)
      assert.deepEqual(found.offsets, expected.offsets)
      assert.deepEqual(rowsOf(found), rowsOf(expected))
    }
  }
})

test('a query whose rows have no target is not held out in place of another', async t => {
  const csv = lines('q,a,y', '1,0,0', '1,1,1', '2,2,1', '2,3,0', '3,4,', '3,5,')
  for (const by of ['group', 'time'] as const) {
    const training = { target: 'y', group: 'q', validation: { holdOut: 0.3, by } }
    const opened = await openedTables(t, csv, training, undefined, { objective: 'ranking' })
    assert.deepEqual([opened.training.rows, opened.validation?.rows], [2, 2], by)
  }
})

test('groups are told apart by numbers that float32 runs together', async t => {
  const ids = [9007199254740990, 9007199254740991, 9007199254740990]
  const csv = lines('q,a,y', ...ids.map((id, row) => `${id},${row},${row}`))
  const training = { target: 'y', group: 'q', validation: 0 }
  const opened = await openedTables(t, csv, training, undefined, { objective: 'ranking' })
  assert.deepEqual([...opened.training.groups!], [0, 0, 1])
  assert.deepEqual([...opened.training.labels], [0, 2, 1])
})

test('rows that XGBoost cannot learn from, or judge by, fail the job in the words of the request', async t => {
  const weighted = (...weights: number[]) =>
    lines('a,y,w', ...weights.map((weight, row) => `${row},${row % 7},${weight}`))
  const byTime = { holdOut: 0.5, by: 'time' } as const
  const classes = lines(
    'a,y',
    ...Array.from({ length: 8 }, (_, row) => `${row},${row < 3 ? 'no' : 'yes'}`),
  )
  const cases: [
    RegExp,
    ...(Parameters<typeof openedTables> extends [unknown, ...infer Rest] ? Rest : never),
  ][] = [
    [
      /^sampleWeight 'w' is 0 in every row to train on/,
      weighted(0, 0, 0, 0, 1, 1, 1, 1),
      { target: 'y', sampleWeight: 'w', validation: byTime },
    ],
    [
      /^sampleWeight 'w' is 0 in every row to validate on/,
      weighted(1, 1, 1, 1, 0, 0, 0, 0),
      { target: 'y', sampleWeight: 'w', validation: byTime },
    ],
    [
      /^sampleWeight 'w' is 0 in the first row of every group to train on/,
      lines('q,a,y,w', '1,0,0,0', '1,1,1,5', '2,2,0,0', '2,3,1,5'),
      { target: 'y', group: 'q', sampleWeight: 'w', validation: 0 },
      undefined,
      { objective: 'ranking' },
    ],
    [
      /all 4 validation rows have 'yes' as target 'y', and the AUC needs both classes/,
      classes,
      { target: 'y', validation: byTime, earlyStopping: { metric: 'validationAuc' } },
    ],
  ]
  for (const [message, ...args] of cases) {
    await assert.rejects(openedTables(t, ...args), (error: unknown) => {
      assert.ok(error instanceof TrainingFailure, String(error))
      assert.equal(error.code, 'invalid')
      assert.match(error.message, message)
      return true
    })
  }
})

test('a plan refuses weights that are all 0 and relevances with fractions, with the value and its row', async t => {
  const { uploadTable } = await freshDatasets(t)
  const problemsOf = async (
    content: Buffer,
    request: Pick<BoostingJobRequest, 'training'>,
    objective: 'ranking' | 'regression',
  ) => {
    const { dataset } = await uploadTable({ 'train.csv': content })
    const body = {
      model: { kind: 'boosting', objective } as const,
      dataset: dataset.name,
      ...request,
    }
    try {
      planJob(identity, body, dataset, null)
      return []
    } catch (error) {
      assert.ok(error instanceof TrainyardError)
      return error.errors.map(({ path, message }) => `${path}: ${message}`)
    }
  }
  const ranking = { training: { target: 'y', group: 'q' } }
  assert.deepEqual(await problemsOf(await fixture('relevance-half.csv'), ranking, 'ranking'), [
    "/training/target: objective ranking learns whole relevances from 0 to 31, but target 'y' is 0.5 in row 1",
  ])
  const inner = Buffer.from(lines('q,a,y', '1,1,0.0', '1,2,3.0', '1,3,1.5', '1,4,3.0'))
  assert.deepEqual(await problemsOf(inner, ranking, 'ranking'), [
    "/training/target: objective ranking learns whole relevances from 0 to 31, but target 'y' is 1.5 in row 3",
  ])
  const whole = Buffer.from(lines('q,a,y', '1,1,0.0', '1,2,3.0', '1,3,1e0', '1,4,3.0'))
  assert.deepEqual(await problemsOf(whole, ranking, 'ranking'), [])
  const zeros = { training: { target: 'y', sampleWeight: 'w' } }
  assert.deepEqual(await problemsOf(await fixture('weights-zero.csv'), zeros, 'regression'), [
    "/training/sampleWeight: sampleWeight takes numbers from 0 on, not all 0, but 'w' is 0 in all rows",
  ])
})
