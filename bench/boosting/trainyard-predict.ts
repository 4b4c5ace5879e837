import { readFileSync } from 'node:fs'
import { Booster } from '../../src/boosting/booster.js'
import { InPlacePredictor } from '../../src/boosting/inplace-predict.js'
import type { TaskRequest } from './cases.js'
import { readNpy } from './npy.js'
import type { PreparedTask } from './prepared-task.js'
import { width } from './synthetic.js'

/** Predicts from values in memory to probabilities in memory. A single row is a different one in each step. */
export function predict({ table, rows, threads, model: path }: TaskRequest): PreparedTask {
  const model = readFileSync(path)
  const booster = Booster.load(model, threads)
  if (rows > 1) {
    const batch = new InPlacePredictor(booster, rows, threads)
    readNpy(`${table}-x.npy`, batch.input)
    return { step: () => batch.predict(rows), model: () => model }
  }
  const some = readNpy(`${table}-x.npy`, new Float32Array(1000 * width))
  const single = new InPlacePredictor(booster, 1, threads)
  let row = 0
  return {
    step() {
      const at = (row++ % 1000) * width
      single.input.set(some.subarray(at, at + width))
      return single.predict(1)
    },
    model: () => model,
  }
}
