// A thread that reads the bodies of predictions: parsing eight megabytes takes up to a second.
import { parentPort } from 'node:worker_threads'
import { encodeError } from '../../ipc/wire-error.js'
import type { RowModel } from '../../serving/row-encoding.js'
import type { WireError } from '../../spec/ipc-messages.js'
import { type InputTask, type ModelInput, readInput } from './input.js'

/** A model with many categories takes long to copy, so it comes only with its first task. */
export type ToInputThread = {
  id: number
  modelKey: string
  task: Omit<InputTask, 'model'> & { model?: RowModel }
}
export type FromInputThread = { id: number } & ({ input: ModelInput } | { error: WireError })

/** The two sides remember the same models: the last ones that were sent. */
export const rememberedModels = 8

/** Adds a model, and forgets the one that was added first if there are too many. */
export function remember<T>(models: Map<string, T>, key: string, model: T): void {
  models.set(key, model)
  const [first] = models.keys()
  if (models.size > rememberedModels && first !== undefined) models.delete(first)
}

const models = new Map<string, RowModel>()

parentPort?.on('message', ({ id, modelKey, task }: ToInputThread) => {
  if (task.model) remember(models, modelKey, task.model)
  try {
    const input = readInput({ ...task, model: models.get(modelKey) } as InputTask)
    const { buffer } = 'rows' in input ? input.rows : input.data
    parentPort!.postMessage({ id, input } satisfies FromInputThread, [buffer as ArrayBuffer])
  } catch (error) {
    parentPort!.postMessage({ id, error: encodeError(error) } satisfies FromInputThread)
  }
})
