// The subject that is ours: what the product's processes do, without the server around them.
import { writeFileSync } from 'node:fs'
import { Booster } from '../../src/boosting/booster.js'
import { InPlace } from '../../src/boosting/inplace-predict.js'
import { libxgboostPath } from '../../src/engine/xgboost.js'
import { converse, type Prepared, peakRssMb } from '../subject-protocol.js'
import { type Asked, heldRows, type Task } from './cases.js'
import { readNpy } from './npy.js'
import type { Doing } from './prepared-task.js'
import type { BoostingReady } from './ready.js'

/** As in the product's processes, one loads nothing that only another one needs. */
const doing: Readonly<Record<Task, (asked: Asked) => Promise<Doing>>> = {
  ingest: async asked => (await import('./trainyard-ingest.js')).ingest(asked),
  load: async asked => (await import('./trainyard-train.js')).load(asked),
  train: async asked => (await import('./trainyard-train.js')).train(asked),
  predict: async asked => (await import('./trainyard-predict.js')).predict(asked),
}

async function prepare(asked: Asked): Promise<Prepared & { ready: BoostingReady }> {
  const { step, model } = await doing[asked.task](asked)
  await step()
  const onceRssMb = peakRssMb()
  if (model) writePredictions(model(), asked)
  return {
    ready: { versions: versions(), onceRssMb },
    async steps(count) {
      const times: number[] = []
      while (times.length < count) {
        const since = performance.now()
        const result = step()
        // awaiting what is there already would cost a turn of the event loop
        if (result instanceof Promise) await result
        times.push(performance.now() - since)
      }
      return times
    },
  }
}

function writePredictions(model: Uint8Array, { held, predictions, threads }: Asked): void {
  using booster = Booster.load(model, threads)
  const batch = new InPlace(booster, heldRows, threads)
  readNpy(`${held}-x.npy`, batch.input)
  writeFileSync(predictions, batch.predict(heldRows))
}

const versions = () => ({
  node: process.versions.node,
  // the folder that set-up unpacks it to bears it
  xgboost: libxgboostPath().match(/xgboost-\w+-([\d.]+)/)?.[1] ?? 'unknown',
})

await converse(prepare)
