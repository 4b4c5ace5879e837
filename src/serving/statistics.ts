/** Occurrences of something, and the nanoseconds that they took together. */
export interface Tally {
  count: number
  ns: number
}

/** What one version of a model has predicted since this process started. */
export interface ModelStatistics {
  readonly name: string
  readonly version: number
  /** When its last batch ended, in ms since the epoch; 0 before the first. */
  lastInferenceMs: number
  /** Images and rows that were predicted. */
  inferences: number
  /** Batches that ran. It is smaller than `inferences` if requests shared them. */
  executions: number
  /** Requests, from their arrival at the service to their answer. */
  readonly success: Tally
  readonly fail: Tally
  /** Requests, until the first of their images ran. */
  readonly queue: Tally
  /** By batch: files to pixels, the network or the trees, and taking the output apart. */
  readonly computeInput: Tally
  readonly computeInfer: Tally
  readonly computeOutput: Tally
  /** By the number of images or rows that ran together, padding excluded. */
  readonly batches: Map<number, BatchStatistics>
}

export type BatchStatistics = Pick<
  ModelStatistics,
  'computeInput' | 'computeInfer' | 'computeOutput'
>

/** One batch. */
export interface Execution {
  name: string
  version: number
  /** Images or rows. */
  count: number
  /** With the padding; null for rows, which have none. */
  size: number | null
  inputMs: number
  inferMs: number
  outputMs: number
  /** How long each request waited whose first image ran in it. */
  queuedMs: readonly number[]
}

/** One request, from its arrival at the service to its answer. */
export interface Answered {
  name: string
  version: number
  ms: number
  /** Of the error that it failed with; null if it did not. */
  code: string | null
}

/** Versions that are counted at most. The one that has run least recently is forgotten first. */
const maxVersions = 1000

const tally = (): Tally => ({ count: 0, ns: 0 })

const addMs = (to: Tally, ms: number, count = 1): void => {
  to.count += count
  to.ns += Math.round(ms * 1e6)
}

/** Counts predictions by version, in the terms of the Open Inference Protocol's statistics. */
export class PredictionStatistics {
  private readonly byVersion = new Map<string, ModelStatistics>()
  private readonly listeners: ((execution: Execution) => void)[] = []
  private readonly answerListeners: ((answered: Answered) => void)[] = []

  /** The versions that have been asked. */
  get all(): readonly ModelStatistics[] {
    return [...this.byVersion.values()]
  }

  of(name: string, version: number): ModelStatistics | undefined {
    return this.byVersion.get(`${name}/${version}`)
  }

  onExecution(listener: (execution: Execution) => void): void {
    this.listeners.push(listener)
  }

  executed(execution: Execution): void {
    const model = this.touch(execution.name, execution.version)
    const { count, inputMs, inferMs, outputMs } = execution
    model.lastInferenceMs = Date.now()
    model.inferences += count
    model.executions++
    for (const ms of execution.queuedMs) addMs(model.queue, ms)
    let batch = model.batches.get(count)
    if (!batch) {
      batch = { computeInput: tally(), computeInfer: tally(), computeOutput: tally() }
      model.batches.set(count, batch)
    }
    for (const to of [model, batch]) {
      addMs(to.computeInput, inputMs)
      addMs(to.computeInfer, inferMs)
      addMs(to.computeOutput, outputMs)
    }
    for (const listener of this.listeners) listener(execution)
  }

  onAnswer(listener: (answered: Answered) => void): void {
    this.answerListeners.push(listener)
  }

  answered(answered: Answered): void {
    const { name, version, ms, code } = answered
    const model = this.touch(name, version)
    addMs(code === null ? model.success : model.fail, ms)
    for (const listener of this.answerListeners) listener(answered)
  }

  private touch(name: string, version: number): ModelStatistics {
    const key = `${name}/${version}`
    const known = this.byVersion.get(key)
    const model = known ?? {
      ...{ name, version, lastInferenceMs: 0, inferences: 0, executions: 0 },
      ...{ success: tally(), fail: tally(), queue: tally() },
      ...{ computeInput: tally(), computeInfer: tally(), computeOutput: tally() },
      batches: new Map<number, BatchStatistics>(),
    }
    // moves it to the end
    this.byVersion.delete(key)
    this.byVersion.set(key, model)
    if (this.byVersion.size > maxVersions) {
      this.byVersion.delete(this.byVersion.keys().next().value!)
    }
    return model
  }
}
