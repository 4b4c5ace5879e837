import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineEnvironment } from '../../../src/engine/environment.js'
import { shareOfSlot } from '../../../workers/executors/share-of-slot.js'

const share = (world: number, slot: { cores: number; gpus?: string }) =>
  Array.from({ length: world }, (_, rank) => {
    const environment = shareOfSlot(engineEnvironment(slot), { rank, world })
    const { OMP_NUM_THREADS, TF_NUM_INTRAOP_THREADS, CUDA_VISIBLE_DEVICES } = environment
    return [OMP_NUM_THREADS, TF_NUM_INTRAOP_THREADS, CUDA_VISIBLE_DEVICES]
  })

test('ranks of a slot share its cores for XGBoost, and have as many threads of TensorFlow as a trainer alone', () => {
  assert.deepEqual(share(2, { cores: 5 }), [
    ['2', '5', undefined],
    ['2', '5', undefined],
  ])
  assert.deepEqual(share(2, { cores: 1, gpus: '' }), [
    ['1', '1', ''],
    ['1', '1', ''],
  ])
})

test('each rank has an equal share of the GPUs, or one that others have too', () => {
  const gpus = (world: number, text: string) =>
    share(world, { cores: 1, gpus: text }).map(of => of[2])
  assert.deepEqual(gpus(2, '0,1'), ['0', '1'])
  assert.deepEqual(gpus(2, '0,1,2,3,4'), ['0,1', '2,3'])
  assert.deepEqual(gpus(3, '4,5'), ['4', '5', '4'])
})
