import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileError } from '../../src/datasets/errors.js'
import { validateForm } from '../../src/datasets/form.js'
import { ProblemList } from '../../src/datasets/problem-list.js'
import { TrainyardError } from '../../src/errors.js'
import { Notes } from '../../src/spec/notes.js'

const damaged = (record: number) =>
  fileError('DATASET_IMAGE', { file: 'a', record }, `the JPEG ${record} ends in the middle`)

const refusal = (work: () => void): TrainyardError => {
  try {
    work()
  } catch (error) {
    if (error instanceof TrainyardError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('an upload with several damaged images is refused once, with the place of each', () => {
  const problems = new ProblemList()
  for (const record of [3, 8])
    assert.equal(
      problems.attempt(() => throwError(record)),
      null,
    )
  assert.equal(
    problems.attempt(() => 'kept'),
    'kept',
  )
  const error = refusal(() => problems.check(10))
  assert.equal(error.code, 'DATASET_IMAGE')
  assert.match(error.message, /^a: record 3: the JPEG 3 ends .*; a: record 8: the JPEG 8 ends/)
  assert.deepEqual(
    error.errors.map(({ path }) => path),
    ['a#record=3', 'a#record=8'],
  )
})

test('after 100 problems, the rest of the upload is not read', () => {
  const problems = new ProblemList()
  for (let record = 0; record < 99; record++) problems.add(damaged(record))
  const error = refusal(() => problems.add(damaged(99)))
  assert.equal(error.errors.length, 100)
  assert.match(error.message, /; and 95 more; the rest was not read$/)
})

test('an error that concerns the whole upload is thrown at once, whatever the form says', () => {
  const problems = new ProblemList({ mode: 'skip', maxSkipped: 1 })
  const empty = fileError('DATASET_EMPTY', { file: 'a' }, 'the file is empty')
  assert.equal(
    refusal(() => problems.add(empty)),
    empty,
  )
  assert.throws(() => problems.add(new TypeError('a bug')), TypeError)
})

test('damaged images may be left out, up to the share that the form allows, and are listed', () => {
  const problems = new ProblemList({ mode: 'skip', maxSkipped: 0.1 })
  for (let record = 0; record < 200; record++) problems.add(damaged(record))
  problems.check(2000)
  const result = problems.result()
  assert.equal(result?.records, 200)
  assert.equal(result.problems.length, 100)
  assert.deepEqual(result.problems[1], {
    place: 'a#record=1',
    code: 'dataset_image',
    reason: 'the JPEG 1 ends in the middle',
  })
  const notes = new Notes()
  problems.addNotes(notes)
  assert.match(notes.all[0]!.message, /^200 images were left out.*a: record 0: the JPEG 0 ends/)

  const error = refusal(() => problems.check(1999))
  assert.match(error.message, /^200 of 1999 images cannot be used, and maxSkipped allows 0\.1 of/)
  assert.equal(error.errors.length, 100)
})

test('the form says whether problems refuse an upload, and how many may be left out', () => {
  const onErrorOf = (form: Record<string, string>) => validateForm(form).onError
  assert.deepEqual(onErrorOf({}), { mode: 'refuse', maxSkipped: 0.01 })
  assert.deepEqual(onErrorOf({ onError: 'skip' }), { mode: 'skip', maxSkipped: 0.01 })
  for (const [text, maxSkipped] of [
    ['0', 0],
    ['1', 1],
    ['0.25', 0.25],
    ['.5', 0.5],
  ] as const) {
    assert.equal(onErrorOf({ onError: 'skip', maxSkipped: text }).maxSkipped, maxSkipped)
  }
  for (const text of ['1.5', '-1', '10%', '', 'x']) {
    const error = refusal(() => onErrorOf({ onError: 'skip', maxSkipped: text }))
    assert.match(error.message, /^maxSkipped is .*expected a share from 0 to 1/)
  }
  assert.match(refusal(() => onErrorOf({ maxSkipped: '0.5' })).message, /goes with onError=skip/)
  assert.match(refusal(() => onErrorOf({ onError: 'ignore' })).message, /one of refuse, skip/)
})

function throwError(record: number): never {
  throw damaged(record)
}
