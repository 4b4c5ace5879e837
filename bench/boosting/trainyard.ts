// The subject trainyard: what the server's child processes do, without the server.
import { writeFileSync } from 'node:fs'
import { Booster } from '../../src/boosting/booster.js'
import { InPlacePredictor } from '../../src/boosting/inplace-predict.js'
import { libxgboostPath } from '../../src/engine/xgboost.js'
import { type PreparedSubject, peakRssMb, runSubject } from '../subject-protocol.js'
import { heldOutRows, type Task, type TaskRequest } from './cases.js'
import { readNpy } from './npy.js'
import type { PreparedTask } from './prepared-task.js'
import type { BoostingReady } from './ready.js'

/** Imported separately, because each of the server's processes also loads only what it needs. */
const tasks: Readonly<Record<Task, (request: TaskRequest) => Promise<PreparedTask>>> = {
  ingest: async request => (await import('./trainyard-ingest.js')).ingest(request),
  load: async request => (await import('./trainyard-train.js')).load(request),
  train: async request => (await import('./trainyard-train.js')).train(request),
  predict: async request => (await import('./trainyard-predict.js')).predict(request),
}

async function prepare(request: TaskRequest): Promise<PreparedSubject & { ready: BoostingReady }> {
  const { step, model } = await tasks[request.task](request)
  await step()
  const singleRunPeakRssMb = peakRssMb()
  if (model) writePredictions(model(), request)
  return {
    ready: { versions: versions(), singleRunPeakRssMb },
    async steps(count) {
      const times: number[] = []
      while (times.length < count) {
        const since = performance.now()
        const result = step()
        // awaiting a plain value would cost a turn of the event loop
        if (result instanceof Promise) await result
        times.push(performance.now() - since)
      }
      return times
    },
  }
}

function writePredictions(model: Uint8Array, { heldOut, predictions, threads }: TaskRequest): void {
  using booster = Booster.load(model, threads)
  const batch = new InPlacePredictor(booster, heldOutRows, threads)
  readNpy(`${heldOut}-x.npy`, batch.input)
  writeFileSync(predictions, batch.predict(heldOutRows))
}

const versions = () => ({
  node: process.versions.node,
  // the folder that set-up unpacks it into contains the version
  xgboost: libxgboostPath().match(/xgboost-\w+-([\d.]+)/)?.[1] ?? 'unknown',
})

await runSubject(prepare)
