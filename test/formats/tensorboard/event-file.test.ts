import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  encodeFileStart,
  encodeMetricRow,
  encodeSuccess,
  tagOf,
} from '../../../src/formats/tensorboard/event-file.js'

// Written by make_expected.py with TensorBoard's own messages and record writer.
const expected = fileURLToPath(
  new URL('../../../../test/formats/tensorboard/expected.tfevents', import.meta.url),
)

test('an event file equals, byte for byte, the one that TensorBoard writes', () => {
  const time = '2025-11-24T16:00:01.250Z'
  const values = { loss: 0.25, learningRate: 0.001, validationAccuracy: Number.POSITIVE_INFINITY }
  const written = Buffer.concat([
    encodeFileStart(41, Date.parse('2025-11-24T16:00:00.500Z') / 1000, {
      text: '```json\n{}\n```',
      group: 'digits-job-1',
      hparams: {
        'model.depth': 8,
        dataset: 'mnist',
        'training.ema': false,
        'training.learningRate': 0.05,
      },
    }),
    encodeMetricRow({ step: 42, time, values }),
    encodeSuccess(42, Date.parse('2025-11-24T16:00:02Z') / 1000),
  ])
  assert.equal(written.toString('hex'), readFileSync(expected).toString('hex'))
})

test('tags group metrics by training and validation', () => {
  assert.equal(tagOf('loss'), 'train/loss')
  assert.equal(tagOf('validationLoss'), 'validation/loss')
  assert.equal(tagOf('validation'), 'train/validation')
  assert.equal(tagOf('test/auc'), 'test/auc')
})
