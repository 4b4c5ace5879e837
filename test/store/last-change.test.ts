import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { clocksDifferMs, LastChange } from '../../src/store/last-change.js'

const minute = 60_000
const ago = (ms: number) => new Date(Date.now() - ms).toISOString()

test('a host is silent while its time does not change, whatever its clock says', async () => {
  const lastChange = new LastChange()
  const [slow, fast] = [ago(8 * minute), ago(-8 * minute)]
  assert.equal(lastChange.silentMs('slow', slow), 0)
  assert.equal(lastChange.silentMs('fast', fast), 0)
  await sleep(30)
  assert.ok(lastChange.silentMs('slow', slow) > 20)
  assert.ok(lastChange.silentMs('fast', fast) > 20)
  assert.equal(lastChange.silentMs('slow', ago(8 * minute - 1)), 0)
})

test('what is much older than clocks differ is silent at the first look', () => {
  const silentMs = new LastChange().silentMs('old', ago(clocksDifferMs + minute))
  assert.ok(Math.abs(silentMs - minute) < 1000, String(silentMs))
})
