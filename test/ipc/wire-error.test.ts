import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { deserialize, serialize } from 'node:v8'
import { fieldError, TrainyardError } from '../../src/errors.js'
import { GraphError } from '../../src/graph/graph-error.js'
import { decodeError, encodeError } from '../../src/ipc/wire-error.js'
import { toStorageError } from '../../src/store/storage-errors.js'

/** The two ways that an error travels: advanced serialization and JSON. */
const transports: Record<string, <T>(value: T) => T> = {
  'structured clone': value => deserialize(serialize(value)),
  JSON: value => JSON.parse(JSON.stringify(value)),
}

for (const [name, transport] of Object.entries(transports)) {
  const send = (error: unknown) => decodeError(transport(encodeError(error)))

  test(`a TrainyardError keeps its class, code, kind, fields, stack and cause (${name})`, () => {
    for (const code of ['DATASET_ROW', 'JOB_NOT_FOUND', 'JOB_ENDED', 'STORAGE_FULL'] as const) {
      const errors = [fieldError('/a', 'invalid_value', 'a is 5, expected 6')]
      const cause = new RangeError('too far')
      const sent = new TrainyardError(code, 'row 5 is wrong', { errors, cause })
      const received = send(sent)
      assert.ok(received instanceof TrainyardError)
      assert.deepEqual(
        [received.code, received.kind, received.message, received.name, received.stack],
        [code, sent.kind, 'row 5 is wrong', 'TrainyardError', sent.stack],
      )
      assert.deepEqual(received.errors, errors)
      assert.ok(received.cause instanceof Error)
      assert.deepEqual(
        [received.cause.name, received.cause.message, received.cause.stack],
        ['RangeError', 'too far', cause.stack],
      )
    }
  })

  test(`every other error becomes an Error with its name, message and stack (${name})`, () => {
    for (const sent of [new Error('a'), new TypeError('b'), new GraphError('c')]) {
      const received = send(sent)
      assert.ok(received instanceof Error && !(received instanceof TrainyardError))
      assert.deepEqual(
        [received.name, received.message, received.stack, received.cause],
        [sent.name, sent.message, sent.stack, undefined],
      )
    }
  })

  test(`an error of the operating system keeps its code (${name})`, async () => {
    const sent = await readFile('/not/there').catch(error => error)
    assert.equal((send(sent) as NodeJS.ErrnoException).code, 'ENOENT')
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    const translated = toStorageError(send(full))
    assert.ok(translated instanceof TrainyardError && translated.code === 'STORAGE_FULL')
  })

  test(`a thrown value that is no Error becomes one (${name})`, () => {
    for (const thrown of ['text', 5, null, undefined]) {
      assert.equal(send(thrown).message, String(thrown))
    }
  })

  test(`a circular chain of causes is cut (${name})`, () => {
    const sent = new Error('round')
    sent.cause = new Error('and round', { cause: sent })
    assert.equal(((send(sent).cause as Error).cause as Error).message, 'round')
  })
}
