// A thread that reads the bodies of predictions and writes Arrow: parsing eight megabytes takes up to a second.
import { parentPort } from 'node:worker_threads'
import { encodeError } from '../../ipc/wire-error.js'
import type { RecordSelection, SelectedRecords } from '../../predictions/evaluation-file.js'
import type { RowModel } from '../../predictions/row-encoding.js'
import type { ServedInput } from '../../serving/protocols/served-input.js'
import type { WireError } from '../../spec/ipc-messages.js'
import { type InputTask, type ModelInput, readInput } from './input.js'
import type { PredictionTable } from './prediction-table.js'

type WithoutModel<T> = T extends { model: infer M } ? Omit<T, 'model'> & { model?: M } : T

export type TaskForThread = WithoutModel<InputTask>

/** A model with many categories takes long to copy, so it comes only with its first task. */
export type ToPredictionThread = { id: number } & (
  | { modelKey: string; task: TaskForThread }
  | { table: PredictionTable }
  | { path: string; selection: RecordSelection }
)

export type ThreadResult = ModelInput | Uint8Array | SelectedRecords
export type FromPredictionThread = { id: number } & (
  | { result: ThreadResult }
  | { error: WireError }
)

/** The two sides remember the same models: the last ones that were sent. */
export const rememberedModels = 8

/** Adds a model, and forgets the one that was added first if there are too many. */
export function remember<T>(models: Map<string, T>, key: string, model: T): void {
  models.set(key, model)
  const [first] = models.keys()
  if (models.size > rememberedModels && first !== undefined) models.delete(first)
}

const models = new Map<string, RowModel | ServedInput>()

async function work(message: ToPredictionThread): Promise<ThreadResult> {
  if ('selection' in message) {
    const { selectEvaluationRecords } = await import('../../predictions/evaluation-file.js')
    return selectEvaluationRecords(message.path, message.selection)
  }
  if ('table' in message) {
    const { writeArrow } = await import('./arrow-answer.js')
    return writeArrow(message.table)
  }
  const { modelKey, task } = message
  if (!('body' in task) || task.kind === 'rows') {
    if (task.model) remember(models, modelKey, task.model)
    return readInput({ ...task, model: models.get(modelKey) } as InputTask)
  }
  return readInput(task)
}

/** Buffers that the answer alone has; small ones share the memory of a pool, which cannot be moved. */
function buffersOf(result: ThreadResult): ArrayBuffer[] {
  if ('head' in result) return []
  const numbers =
    result instanceof Uint8Array
      ? result
      : 'rows' in result
        ? result.rows
        : result.input.kind === 'pixels'
          ? result.input.data
          : result.input.kind === 'rows'
            ? result.input.rows
            : null
  return numbers && numbers.byteLength === numbers.buffer.byteLength
    ? [numbers.buffer as ArrayBuffer]
    : []
}

async function answer(message: ToPredictionThread): Promise<void> {
  const { id } = message
  try {
    const result = await work(message)
    const sent = { id, result } satisfies FromPredictionThread
    parentPort!.postMessage(sent, buffersOf(result))
  } catch (error) {
    parentPort!.postMessage({ id, error: encodeError(error) } satisfies FromPredictionThread)
  }
}

// one after another: the other side knows by it which one has ended the thread
let queue = Promise.resolve()
parentPort?.on('message', (message: ToPredictionThread) => {
  queue = queue.then(() => answer(message))
})
