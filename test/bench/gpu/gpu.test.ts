import assert from 'node:assert/strict'
import { test } from 'node:test'
import { casesNamed, networkCases } from '../../../bench/gpu/cases.js'
import { type Found, missingFor } from '../../../bench/gpu/requirements.js'
import { programOf, subjectNames } from '../../../bench/gpu/subjects.js'

const gpu = { index: 0, name: 'A card', utilization: 0, usedBytes: 0, totalBytes: 2 ** 34 }
const torch = { python: 'python3', version: '2.15.0', cuda: true }
const whole: Found = { gpus: [gpu], engine: 'cuda', torch }

test('nothing is missing on a machine with a GPU, its engine and PyTorch', () => {
  assert.deepEqual(missingFor('cuda', whole), { needed: [], optional: [] })
})

test('what is missing is said with its cure, all of it at once', () => {
  const { needed, optional } = missingFor('cuda', { gpus: [], engine: 'cpu', torch: null })
  assert.equal(needed.length, 2)
  assert.match(needed[0]!, /NVIDIA GPU.*nvidia-smi.*bench -- train/)
  assert.match(needed[1]!, /engine for CUDA.*npm run setup/)
  assert.match(optional.join(), /PyTorch.*pip install torch/)
  assert.match(missingFor('cuda', { ...whole, engine: null }).needed.join(), /npm run setup/)
  const withoutCuda = missingFor('cuda', { ...whole, torch: { ...torch, cuda: false } })
  assert.deepEqual(withoutCuda.needed, [])
  assert.match(withoutCuda.optional.join(), /2\.15\.0 of python3 does not/)
})

test('without a GPU the programs can be tried on the processor', () => {
  const found: Found = { gpus: [], engine: 'cpu', torch: { ...torch, cuda: false } }
  assert.deepEqual(missingFor('cpu', found), { needed: [], optional: [] })
})

test('a case has a name that says what it is, and others can be named so', () => {
  for (const each of networkCases) assert.deepEqual(casesNamed(each.name), [each])
  assert.equal(new Set(networkCases.map(({ name }) => name)).size, networkCases.length)
  assert.deepEqual(casesNamed('resnet-plain-64-b8-fp16'), [
    {
      name: 'resnet-plain-64-b8-fp16',
      network: 'resnet-plain',
      size: 64,
      batch: 8,
      precision: 'fp16',
      classes: 10,
    },
  ])
  for (const other of ['resnet50', 'resnet50-224-b64-int8', 'resnet50-224-b-fp32']) {
    assert.deepEqual(casesNamed(other), [])
  }
})

test('PyTorch is no subject where it is missing, or does not use the GPU that is measured', () => {
  const started = (device: 'cuda' | 'cpu', found: typeof torch | null) =>
    subjectNames.filter(name => programOf(name, { device, threads: 2, torch: found }) !== null)
  assert.deepEqual(started('cuda', torch), subjectNames)
  const ours = subjectNames.filter(name => !name.startsWith('torch'))
  assert.deepEqual(started('cuda', null), ours)
  assert.deepEqual(started('cuda', { ...torch, cuda: false }), ours)
  assert.deepEqual(started('cpu', { ...torch, cuda: false }), subjectNames)
})
