import type { RowsInput, RowValues } from '../spec/ipc-messages.js'
import type { BoostingModel } from '../spec/model.js'
import type { RowPredictor } from './predictor-client.js'
import type { PredictionStatistics } from './statistics.js'

export interface RowRunsDeps {
  rowPredictor: Pick<RowPredictor, 'predict' | 'predictNow'>
  statistics: Pick<PredictionStatistics, 'executed' | 'answered'>
}

const notQueued = [0]

/** Predicts rows, and counts what ran. */
export class RowRuns {
  /** Of models that have predicted a moment ago. */
  private readonly folders = new WeakMap<BoostingModel, string>()

  constructor(private readonly deps: RowRunsDeps) {}

  /** `name`: how the model is counted. */
  async run(
    model: BoostingModel,
    { folder, name }: { folder: string; name: string },
    input: RowsInput,
  ): Promise<RowValues> {
    // that of a checkpoint may be removed, so it is held while it is used
    if (name === model.name) this.folders.set(model, folder)
    const since = performance.now()
    const values = await this.deps.rowPredictor.predict(folder, input)
    this.count(name, model, input, performance.now() - since)
    return values
  }

  /**
   * As `run`, if nothing has to be awaited, so that no version is deleted meanwhile; null if something has to be. It
   * counts the request, too.
   */
  runNow(model: BoostingModel, input: RowsInput): RowValues | null {
    const folder = this.folders.get(model)
    if (folder === undefined) return null
    const { name, version } = model
    const since = performance.now()
    const answered = (code: string | null) =>
      this.deps.statistics.answered({ name, version, code, ms: performance.now() - since })
    try {
      const values = this.deps.rowPredictor.predictNow(folder, input)
      if (!values) return null
      this.count(name, model, input, performance.now() - since)
      answered(null)
      return values
    } catch (error) {
      answered('INTERNAL')
      throw error
    }
  }

  private count(name: string, { version }: BoostingModel, { count }: RowsInput, ms: number): void {
    this.deps.statistics.executed({
      name,
      version,
      count,
      size: null,
      // a row predictor does not tell its parts apart
      inputMs: 0,
      inferMs: ms,
      outputMs: 0,
      queuedMs: notQueued,
    })
  }
}
