import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Notes } from '../../src/spec/notes.js'

test('of more than 100 notes, the last one counts those that are not listed', () => {
  const notes = new Notes()
  for (let i = 0; i < 100; i++) notes.add('missing_as_value', `column ${i}`, [`${i}`])
  assert.equal(notes.all.length, 100)
  for (let i = 0; i < 3; i++) notes.add('leading_zeros', 'another')
  assert.equal(notes.all.length, 101)
  assert.equal(notes.all[99]?.message, 'column 99')
  assert.deepEqual(notes.all[100], {
    code: 'notes_not_listed',
    message: 'there are 3 more notes, which are not listed',
  })
})
