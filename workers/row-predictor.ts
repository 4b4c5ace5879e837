// The predictor process for table rows, with XGBoost. It is separate from the predictor for images, so
// that neither waits for the other's requests or engine.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { lru } from 'tiny-lru'
import { Booster } from '../src/boosting/booster.js'
import { TreePredictor } from '../src/boosting/tree-predictor.js'
import { setEnvironment } from '../src/config.js'
import { engineEnvironment } from '../src/engine/environment.js'
import { encodeError } from '../src/ipc/wire-error.js'
import type { PredictorMessage, RowsRequest, RowValues } from '../src/spec/ipc-messages.js'
import type { BoostingManifest } from '../src/spec/model.js'

/** Loaded models by folder. */
const models = lru<TreePredictor>(32).onEvict(({ value }) => value[Symbol.dispose]())
const threads = availableParallelism()
// must be set before XGBoost loads, which happens with the first model
setEnvironment(engineEnvironment({ cores: threads }))

process.on('message', ({ id, folder, input }: RowsRequest) => {
  try {
    send({ type: 'answer', id, ...loadModel(folder).predict(input) })
  } catch (error) {
    send({ type: 'error', id, error: encodeError(error) })
  }
})
process.on('disconnect', () => process.exit(0))
send({ type: 'ready' })

function loadModel(folder: string): TreePredictor {
  const cached = models.get(folder)
  if (cached) return cached
  const model = loadFromFolder(folder)
  models.set(folder, model)
  return model
}

function loadFromFolder(folder: string): TreePredictor {
  const { input, model } = JSON.parse(
    readFileSync(join(folder, 'manifest.json'), 'utf8'),
  ) as BoostingManifest
  const booster = Booster.load(readFileSync(join(folder, 'model.ubj')))
  return new TreePredictor(booster, input.columns, model.objective, threads)
}

function send(message: PredictorMessage<RowValues>): void {
  // if the API is gone, there is nobody to answer
  if (process.connected) process.send?.(message, () => {})
}
