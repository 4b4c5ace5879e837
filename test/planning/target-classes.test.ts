import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { planJob } from '../../src/planning/plan.js'
import { classIndex } from '../../src/spec/boosting-training.js'
import type { NumericColumn, TableManifest } from '../../src/spec/dataset.js'
import { type BoostingJobRequest, isBoosting } from '../../src/spec/job.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

type Target = Partial<NumericColumn> & Pick<NumericColumn, 'type' | 'min' | 'max' | 'distinct'>

const tableWith = (target: Target): TableManifest => ({
  id: 'ds-0123456789abcdef',
  name: 'table',
  createdAt: '2026-01-01T00:00:00.000Z',
  kind: 'table',
  records: 100,
  columns: [
    { name: 'a', type: 'number', missing: 0, distinct: null, min: 0, max: 1, mean: 0.5 },
    { name: 'y', missing: 0, mean: 0, ...target },
  ],
  target: 'y',
  sample: [],
  shards: [],
})

function plan(target: Target, objective?: BoostingJobRequest['model']['objective']) {
  const model = { kind: 'boosting' as const, ...(objective && { objective }) }
  const job = planJob(identity, { model, dataset: 'table' }, tableWith(target), null)
  assert.ok(isBoosting(job))
  return job
}

const twoAndFour: Target = { type: 'integer', min: 2, max: 4, distinct: 2 }
const stars: Target = { type: 'integer', min: 1, max: 5, distinct: 5 }

test('two different numbers are two classes, whatever they are', () => {
  const cases: [Target, string[]][] = [
    [twoAndFour, ['2', '4']],
    [{ type: 'integer', min: -1, max: 1, distinct: 2 }, ['-1', '1']],
    [{ type: 'number', whole: true, min: 0, max: 1, distinct: 2 }, ['0', '1']],
    [{ type: 'number', min: 0.1, max: 0.7, distinct: 2 }, ['0.1', '0.7']],
    [{ type: 'number', min: 0.1, max: 1.1, distinct: 2 }, ['0.1', '1.1']],
    [{ type: 'number', min: 98.6, max: 99.1, distinct: 2 }, ['98.6', '99.1']],
    [{ type: 'integer', min: 0, max: 1, distinct: 2 }, ['0', '1']],
    [{ type: 'integer', min: 1, max: 2, distinct: 2 }, ['1', '2']],
  ]
  for (const [target, labels] of cases) {
    for (const objective of [undefined, 'binary', 'multiclass'] as const) {
      const { model, training } = plan(target, objective)
      assert.equal(model.objective, objective ?? 'binary')
      const { classes } = training
      assert.deepEqual(classes?.labels, labels)
      const values = [target.min!, target.max!].map(Math.fround)
      assert.deepEqual(
        values.map(value => classIndex(value, classes!)),
        [0, 1],
      )
    }
  }
})

test('notes say what the target was taken for', () => {
  const cases: [Target, code: string | undefined, message: RegExp, 'multiclass'?][] = [
    [twoAndFour, 'two_values_are_classes', /two values, 2 and 4, .*objective regression/],
    [stars, 'few_values_are_numbers', /5 different whole numbers, from 1 to 5, .*multiclass/],
    [{ type: 'integer', min: 0, max: 1, distinct: 2 }, undefined, /^$/],
    [{ type: 'number', min: 0, max: 1, distinct: 5 }, undefined, /^$/],
    [
      { type: 'integer', min: 10, max: 30, distinct: 3 },
      'class_without_examples',
      /18 of the 21 classes .* from 10 to 30, have no row/,
      'multiclass',
    ],
  ]
  for (const [target, code, message, objective] of cases) {
    const [note] = plan(target, objective).notes ?? []
    assert.equal(note?.code, code)
    assert.match(note?.message ?? '', message)
  }
})

test('the error for a target that is no class says what the target has', () => {
  const cases: [Target, 'binary' | 'multiclass', RegExp][] = [
    [stars, 'binary', /whole numbers from 1 to 5, 5 different ones: take multiclass/],
    [{ type: 'integer', min: 0, max: 9, distinct: null }, 'binary', /whole numbers from 0 to 9:/],
    [{ type: 'integer', min: 3, max: 3, distinct: 1 }, 'binary', /only one value, 3/],
    [{ type: 'number', min: 0.5, max: 0.5, distinct: 1 }, 'binary', /only one value, 0.5/],
    [{ type: 'number', min: 0.5, max: 2, distinct: 3 }, 'multiclass', /3 different numbers, some/],
    [{ type: 'number', min: 0.5, max: 2, distinct: null }, 'binary', /many different numbers/],
    [
      { type: 'integer', min: 20180131, max: 20180132, distinct: 2 },
      'binary',
      /run together in float32/,
    ],
    [
      { type: 'number', min: 0.1, max: 0.1000000001, distinct: 2 },
      'binary',
      /values 0\.1 and 0\.1000000001, which are one number in float32/,
    ],
  ]
  for (const [target, objective, message] of cases) {
    assert.throws(
      () => plan(target, objective),
      (error: unknown) => error instanceof TrainyardError && message.test(error.message),
      `${message}`,
    )
  }
  const whole: Target = { type: 'number', whole: true, min: 1, max: 3, distinct: 3 }
  assert.deepEqual(plan(whole, 'multiclass').training.classes?.labels, ['1', '2', '3'])
})

test('a job repeats the notes of the upload about the columns it uses, and names those that Python refuses', () => {
  const table = tableWith({ type: 'number', min: 0, max: 1, distinct: null })
  const [a, y] = table.columns
  const dataset = {
    ...table,
    columns: [a!, { ...a!, name: '[b]' }, y!],
    notes: [
      { code: 'leading_zeros' as const, message: 'about a', columns: ['a'] },
      { code: 'leading_zeros' as const, message: 'about another', columns: ['[b]'] },
      { code: 'decimal_commas_read' as const, message: 'about all' },
    ],
  }
  const notesOf = (features: string[]) =>
    planJob(
      identity,
      { model: { kind: 'boosting' }, dataset: 'table', training: { features } },
      dataset,
      null,
    ).notes?.map(({ message }) => message)
  assert.deepEqual(notesOf(['a']), ['about a', 'about all'])
  const [brackets, ...others] = notesOf(['[b]']) ?? []
  assert.match(brackets ?? '', /refuses names with .*'\[b\]'; .*inplace_predict/)
  assert.deepEqual(others, ['about another', 'about all'])
})
