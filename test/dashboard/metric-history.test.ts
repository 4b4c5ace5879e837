import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MetricHistory } from '../../src/dashboard/job/metrics/metric-history.js'

const time = '2026-01-01T00:00:00.000Z'
const row = (step: number, values: Record<string, number>) => ({ step, time, values })
const steps = (history: MetricHistory, name: string) =>
  (history.snapshot()[name] ?? []).map(point => point.step)

test('rows continue the history, and those that it has are passed over', () => {
  const history = new MetricHistory()
  history.reset({
    loss: [
      { step: 1, value: 1, time },
      { step: 4, value: 0.5, time },
    ],
  })
  history.append(row(4, { loss: 0.5 }))
  history.append(row(4, { validationLoss: 0.7 }))
  history.append(row(5, { loss: 0.4 }))
  assert.deepEqual(steps(history, 'loss'), [1, 4, 5])
  assert.deepEqual(steps(history, 'validationLoss'), [4])
})

test('the stream begins with the rows of the last step, of which the history may have one', () => {
  const history = new MetricHistory()
  assert.equal(history.streamFrom, undefined)
  history.reset({ loss: [{ step: 10, value: 1, time }] })
  assert.equal(history.streamFrom, '19')
})

test('a long history asks to be read again, and then is short', () => {
  const history = new MetricHistory()
  for (let step = 1; !history.isTooLong; step++) history.append(row(step, { loss: 1 / step }))
  assert.ok(steps(history, 'loss').length <= 3001)
  history.reset({ loss: [{ step: 1, value: 1, time }] })
  assert.equal(history.isTooLong, false)
})
