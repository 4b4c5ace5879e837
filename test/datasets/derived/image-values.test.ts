import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openField, timesOf } from '../../../src/datasets/derived/images/image-values.js'
import { StepErrors } from '../../../src/datasets/derived/step-errors.js'
import { FieldErrors } from '../../../src/errors.js'

/** The times of texts, or the message of the error. */
function times(...texts: string[]): number[] | string {
  const fieldErrors = new FieldErrors()
  const errors = new StepErrors(fieldErrors, 0)
  const records = Uint32Array.from(texts.keys())
  const found = timesOf('day', records, record => texts[record]!, errors)
  if (found) return [...found]
  try {
    errors.throwIfAny()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('refused without a reason')
}

test('times are numbers, or dates with and without a zone', () => {
  assert.deepEqual(times('3', '-1.5', '1e3'), [3, -1.5, 1000])
  const noon = Date.UTC(2020, 0, 31, 12)
  assert.deepEqual(times('2020-01-31T12:00:00Z', '2020-01-31 12:00', '2020-01-31T17:30+05:30'), [
    noon,
    noon,
    noon,
  ])
  assert.deepEqual(times('2020-01', '2020-01-31', '2020:01:31 12:00:00'), [
    Date.UTC(2020, 0, 1),
    Date.UTC(2020, 0, 31),
    noon,
  ])
})

test('what is no time, or of two kinds, is refused', () => {
  for (const text of ['2020-02-31', '31.01.2020', 'monday', '2020-13-01', '2020-01-31T25:00']) {
    assert.match(
      String(times('2020-01-01', text)),
      /'day' is '.*', expected a number or an ISO/,
      text,
    )
  }
  assert.match(
    String(times('2020-01-01', '17')),
    /'day' has numbers and dates: write all in one way/,
  )
})

test('a column with the name of a property of all objects is not there', () => {
  const fieldErrors = new FieldErrors()
  const facts = { fieldsOf: () => '{"patient":"p1"}', sourceOf: null } as never
  const field = openField(
    'constructor',
    Uint32Array.of(0, 1),
    facts,
    new StepErrors(fieldErrors, 0),
  )
  assert.equal(field, null)
})
