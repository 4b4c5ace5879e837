import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits as limits } from '../../../src/api/http/limits.js'
import { readRows } from '../../../src/api/predict/rows.js'
import { TrainyardError } from '../../../src/errors.js'
import type { RowModel } from '../../../src/predictions/row-encoding.js'

const model: RowModel = {
  columns: [
    { name: 'a', type: 'integer', categories: null },
    { name: 'b', type: 'number', categories: null },
  ],
  unusedColumns: ['log_exposure', 'y'],
  offset: 'log_exposure',
  outputs: 1,
}
const options = { unknownCategory: 'missing', unknownColumn: 'error' } as const
const read = (body: unknown) => readRows(body, model, options, limits)

test('the offset of each row is read by name, after the columns of a list, and from CSV', () => {
  const bodies = [
    {
      instances: [{ a: 1, b: 2, log_exposure: 0.5, y: 7 }, [3, null, -1]],
    },
    new TextEncoder().encode('y,log_exposure,a,b\n7,0.5,1,2\n8,-1,3,NA\n'),
  ]
  for (const body of bodies) {
    const { rows, offsets, count } = read(body)
    assert.deepEqual([...rows], [1, 2, 3, Number.NaN])
    assert.deepEqual([...offsets!], [0.5, -1])
    assert.equal(count, 2)
  }
})

test('a row without the offset is refused, and told how to have none', () => {
  for (const row of [
    { a: 1, b: 2 },
    { a: 1, b: 2, log_exposure: null },
  ]) {
    assert.throws(
      () => read({ instances: [{ a: 1, b: 2, log_exposure: 0 }, row] }),
      (error: unknown) => {
        assert.ok(error instanceof TrainyardError)
        assert.equal(error.code, 'INVALID_INSTANCES')
        assert.deepEqual(
          error.errors.map(({ path, code }) => [path, code]),
          [['/instances/1/log_exposure', 'required']],
        )
        return true
      },
    )
  }
})
