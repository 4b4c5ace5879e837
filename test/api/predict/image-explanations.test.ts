import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageExplanations } from '../../../src/api/predict/image-explanations.js'
import type { ExplainedImage } from '../../../src/spec/ipc-messages.js'
import type { NetworkModel } from '../../../src/spec/model.js'

const model: NetworkModel = {
  id: 'shades',
  name: 'shades',
  version: 2,
  versions: [2],
  jobId: 'job-01jdzzzzzzzzzzzzzzzzzzzzzz',
  createdAt: '2026-03-02T09:00:00.000Z',
  model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 4, kernel: 3, ratio: 4 },
  dataset: { id: 'ds-0123456789abcdef', name: 'shades' },
  step: 4,
  input: { height: 1, width: 2, channels: 1, mean: [127], std: [60] },
  labels: ['dark', 'bright'],
  metrics: {},
}

const image = (own: Partial<ExplainedImage>): ExplainedImage => ({
  logits: Float32Array.of(1, 3),
  probabilities: Float32Array.of(0.25, 0.75),
  target: 0,
  source: null,
  completeness: null,
  values: Float32Array.of(0.5, 1),
  scale: 2,
  picture: null,
  ...own,
})

function explained(images: ExplainedImage[], of = model) {
  const request = {
    ...({ method: 'integratedGradients', target: 0, layer: null, steps: 4 } as const),
    ...({ baseline: 'black', picture: null } as const),
    images: { kind: 'images' as const, files: [] },
  }
  const notes = [{ code: 'images_turned', message: 'one is' } as const]
  return imageExplanations(of, request, { layers: [], layer: null, images }, { notes, names: null })
}

test('the class that is explained is told from the one that is predicted', () => {
  const { explanations } = explained([image({})])
  assert.deepEqual(explanations[0]!.fields, {
    target: { label: 'dark', index: 0, logit: 1, probability: 0.25 },
    predicted: { label: 'bright', index: 1, logit: 3, probability: 0.75 },
    source: null,
  })
})

test('notes say what reading the images said, and what a user may not expect of the maps', () => {
  const gap = (relativeGap: number) => ({ sum: 1, difference: 1, gap: relativeGap, relativeGap })
  const precision = { served: 'int8' } as NonNullable<NetworkModel['precision']>
  const { head } = explained(
    [
      image({ completeness: gap(0.01) }),
      image({ completeness: gap(0.5) }),
      image({ scale: 0, values: Float32Array.of(0, 0), completeness: gap(0.06) }),
    ],
    { ...model, precision },
  )
  assert.deepEqual(
    head.notes.map(({ code, message }) => [code, message]),
    [
      ['images_turned', 'one is'],
      [
        'explained_in_fp32',
        'predictions of this version are served in int8, and the network in fp32 is explained: its numbers may differ a little',
      ],
      [
        'explanation_empty',
        '1 of 3 maps are 0 everywhere: nothing that this method sees speaks for the class; try another layer, method or class',
      ],
      [
        'explanation_incomplete',
        'the attributions of 2 of 3 images add up to another number than they should, by up to 50 %: more steps come nearer',
      ],
    ],
  )
})

test('maps that add up need no notes', () => {
  assert.deepEqual(
    explained([image({})]).head.notes.map(({ code }) => code),
    ['images_turned'],
  )
})
