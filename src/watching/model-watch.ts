import type { Logger } from '../log.js'
import type { ImagesInput, Probabilities, RowsInput, RowValues } from '../spec/ipc-messages.js'
import type { BoostingModel, Model, NetworkModel } from '../spec/model.js'
import { type DriftReport, largePsi, moderatePsi, type Reference } from '../spec/model-watch.js'
import { Notes } from '../spec/notes.js'
import type { Store } from '../store/store.js'
import { maxFeatures } from './bins.js'
import { compareWithReference } from './drift.js'
import { imageColumns } from './image-features.js'
import { LiveHistograms } from './live-histograms.js'
import { RequestSamples } from './request-samples.js'
import type { Observation } from './version-counts.js'

export interface ModelWatchDeps {
  store: Store
  disk: { status(): Promise<{ problem: string | null }> }
  /** The reference of a version; null if it has none. */
  reference(model: Pick<Model, 'id' | 'name' | 'version'>): Promise<Reference | null>
  versions(name: string): Promise<number[]>
  log: Pick<Logger, 'warn' | 'info'>
  now?: () => number
}

/** Watches what versions of models predict from and what they answer. The prediction service tells it of each request, whatever its protocol. */
export class ModelWatch {
  readonly histograms: LiveHistograms
  readonly samples: RequestSamples
  private failed = false

  constructor(private readonly deps: ModelWatchDeps) {
    this.histograms = new LiveHistograms(deps)
    this.samples = new RequestSamples(deps)
  }

  /** An answered request of rows. Never throws. */
  rows(
    model: BoostingModel,
    input: RowsInput,
    { values, outputs }: RowValues,
    unknownCategories: Observation['unknownCategories'],
  ): void {
    const { rows, count } = input
    const inputs = { rows, width: model.input.columns.length }
    const observation = { model, count, values, outputs, unknownCategories, inputs }
    this.add(observation, { kind: 'rows', ...input })
  }

  /** An answered request of images. Never throws. */
  images(model: NetworkModel, input: ImagesInput, answer: Probabilities): void {
    const { probabilities: values, classes: outputs, features } = answer
    const width = imageColumns(model.input.channels).length
    const count = values.length / outputs
    const inputs = features ? { rows: features, width } : null
    this.add({ model, count, values, outputs, inputs, unknownCategories: [] }, input)
  }

  /** What a version predicts from and answers, in days from and to, compared with its training. */
  async drift(model: Model, days: { from: string; to: string }): Promise<DriftReport> {
    const notes = new Notes()
    const head = { model: model.id, version: model.version, ...days }
    const thresholds = { moderate: moderatePsi, large: largePsi }
    const reference = await this.deps.reference(model)
    if (!reference) {
      notes.add(
        'reference_missing',
        `version ${model.version} was published by an older server, which kept no histograms of its training, so there is nothing to compare with: train it again`,
      )
      const rows = { predicted: 0, counted: 0 }
      return { ...head, rows, thresholds, inputs: null, scores: null, notes: notes.all }
    }
    const sum = await this.histograms.read(model, reference, days)
    const { predicted, counted } = sum
    addNotes(notes, model, reference, { predicted, counted, damaged: sum.damaged })
    return {
      ...head,
      rows: { predicted, counted },
      thresholds,
      inputs: compareWithReference(reference.inputs, sum.inputs),
      scores: compareWithReference(reference.scores, sum.scores),
      notes: notes.all,
    }
  }

  /** Forgets a version that was deleted; with the last one the settings, too. Never throws. */
  async remove(name: string, version: number): Promise<void> {
    try {
      await this.histograms.remove(name, version)
      await this.samples.remove(name, version)
      if ((await this.deps.versions(name)).length === 0) await this.samples.forget(name)
    } catch (error) {
      const details = { err: error, model: name, version }
      this.deps.log.warn(details, 'could not remove what was noted of predictions')
    }
  }

  async close(): Promise<void> {
    await this.histograms.close()
    await this.samples.close()
  }

  private add(
    observation: Observation,
    input: Parameters<RequestSamples['add']>[0]['input'],
  ): void {
    const { model, count, values, outputs } = observation
    try {
      this.histograms.add(observation)
      this.samples.add({ model, count, input, values, outputs })
    } catch (error) {
      // an answer is worth more than its count
      if (!this.failed) this.deps.log.warn({ err: error }, 'a prediction could not be counted')
      this.failed = true
    }
  }
}

function addNotes(
  notes: Notes,
  model: Model,
  { scores }: Reference,
  { predicted, counted, damaged }: { predicted: number; counted: number; damaged: number },
): void {
  if (scores.part === 'training') {
    notes.add(
      'reference_from_training',
      'there was no validation data: scores are compared with those of images or rows that the model was trained on, of which it is surer than of others',
    )
  }
  if (counted < predicted) {
    notes.add(
      'predictions_sampled',
      `${counted} of ${predicted} images or rows were counted: of large requests a part, spread evenly, and of very many requests some`,
    )
  }
  const columns = 'columns' in model.input ? model.input.columns.length : 0
  if (columns > maxFeatures) {
    notes.add(
      'features_not_watched',
      `of ${columns} columns, the ${maxFeatures} are compared that the trees use most`,
    )
  }
  if (damaged > 0) {
    notes.add(
      'counts_damaged',
      `${damaged} files with counts of these days are damaged, and left out`,
    )
  }
}
