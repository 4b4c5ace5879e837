import { Worker } from 'node:worker_threads'
import { TrainyardError } from '../../errors.js'
import { decodeError } from '../../ipc/wire-error.js'
import { scriptPath } from '../../places.js'
import type { RecordSelection, SelectedRecords } from '../../predictions/evaluation-file.js'
import type { FeatureColumn } from '../../spec/feature-column.js'
import { HttpError } from '../http/http-error.js'
import { type InputTask, type ModelInput, readInput } from './input.js'
import type { PredictionTable } from './prediction-table.js'
import {
  type FromPredictionThread,
  remember,
  type TaskForThread,
  type ThreadResult,
  type ToPredictionThread,
} from './prediction-worker.js'

interface Pending {
  resolve(result: ThreadResult): void
  reject(error: unknown): void
}

type Work = ToPredictionThread extends infer Message
  ? Message extends unknown
    ? Omit<Message, 'id'>
    : never
  : never

/** Bodies up to this size are read at once, which takes a few milliseconds. */
const maxInlineBytes = 64 * 1024
/** With binary tensors, which are not parsed. */
const maxInlineBinaryBytes = 1024 * 1024
const maxInlineColumns = 1000
const maxInlineCategories = 10_000
const maxPending = 64
/** An array of eight mebibytes of empty arrays takes 200 MiB. */
const maxHeapMb = 512

/**
 * Reads bodies of predictions, large ones and those of Arrow and Parquet in another thread, and reads and writes Arrow
 * there, so that they do not hold the event loop.
 */
export class PredictionThread {
  private worker: Worker | null = null
  private lastId = 0
  private readonly pending = new Map<number, Pending>()
  /** Keys of the models that the thread has. */
  private readonly sentModels = new Map<string, true>()

  /** `modelKey` names the model, which never changes. The bytes may be moved to the thread. What is small is not awaited. */
  read(task: InputTask, modelKey: string): ModelInput | Promise<ModelInput> {
    return isSmall(task) ? readInput(task) : this.readThere(task, modelKey)
  }

  private async readThere(task: InputTask, modelKey: string): Promise<ModelInput> {
    const { bytes } = task
    // small buffers share the memory of a pool, which cannot be moved
    const isWhole = bytes.byteLength === bytes.buffer.byteLength
    const moved = isWhole ? [bytes.buffer as ArrayBuffer] : []
    const send = () => ({ modelKey, task: this.withoutSentModel(task, modelKey) })
    return (await this.ask(send, moved)) as ModelInput
  }

  /** Predictions as an Arrow stream. */
  async writeArrow(table: PredictionTable): Promise<Uint8Array> {
    return (await this.ask(() => ({ table }), [])) as Uint8Array
  }

  /** A page of the records in a file of evaluation records. */
  async selectRecords(path: string, selection: RecordSelection): Promise<SelectedRecords> {
    return (await this.ask(() => ({ path, selection }), [])) as SelectedRecords
  }

  private ask(makeMessage: () => Work, moved: ArrayBuffer[]): Promise<ThreadResult> {
    if (this.pending.size >= maxPending) throw busy()
    this.worker ??= this.start()
    const id = ++this.lastId
    const { worker } = this
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject })
      worker.postMessage({ id, ...makeMessage() } satisfies ToPredictionThread, moved)
    })
  }

  async close(): Promise<void> {
    await this.worker?.terminate()
  }

  private withoutSentModel(task: InputTask, key: string): TaskForThread {
    if (!('model' in task)) return task
    const { model, ...others } = task
    if (this.sentModels.has(key)) return others
    remember(this.sentModels, key, true)
    return { ...others, model } as TaskForThread
  }

  private start(): Worker {
    const worker = new Worker(scriptPath('src/api/predict/prediction-worker'), {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    })
    worker.unref()
    worker.on('message', (message: FromPredictionThread) => {
      const pending = this.pending.get(message.id)
      this.pending.delete(message.id)
      if ('result' in message) pending?.resolve(message.result)
      else pending?.reject(decodeError(message.error))
    })
    worker.on('error', error => this.failFirst(error))
    worker.once('exit', () => {
      this.worker = null
      this.sentModels.clear()
      for (const { reject } of this.pending.values()) reject(restarted())
      this.pending.clear()
    })
    return worker
  }

  /** The thread reads one body after another, so the first one has ended it. */
  private failFirst(cause: Error): void {
    const [first] = this.pending
    if (!first) return
    const [id, { reject }] = first
    this.pending.delete(id)
    const message = 'reading the body takes more memory than there is for it: send fewer instances'
    reject(new HttpError('BODY_TOO_LARGE', message, { cause }))
  }
}

function isSmall(task: InputTask): boolean {
  if (bytesToParse(task) > maxInlineBytes || task.bytes.length > maxInlineBinaryBytes) return false
  // their readers are not loaded here, and small bodies may become large ones
  if ('body' in task && ['arrow', 'parquet'].includes(task.body.format)) return false
  if (!('model' in task) || !('columns' in task.model)) return true
  const { columns } = task.model
  return columns.length <= maxInlineColumns && categoriesOf(columns) <= maxInlineCategories
}

/** By the columns of a manifest, which requests for a version share and which never change. */
const categoryCounts = new WeakMap<readonly FeatureColumn[], number>()

function categoriesOf(columns: readonly FeatureColumn[]): number {
  const known = categoryCounts.get(columns)
  if (known !== undefined) return known
  const count = columns.reduce((sum, { categories }) => sum + (categories?.length ?? 0), 0)
  categoryCounts.set(columns, count)
  return count
}

const bytesToParse = (task: InputTask): number =>
  task.kind === 'infer' && task.headerLength !== null ? task.headerLength : task.bytes.length

const busy = () =>
  new TrainyardError('PREDICTOR_BUSY', `${maxPending} predictions are waiting already; try again`)

const restarted = () =>
  new TrainyardError(
    'PREDICTOR_RESTARTED',
    'the thread that reads predictions is restarting; try again',
  )
