import { isDamaged, TrainyardError } from '../errors.js'
import { modelNotFound } from '../models/errors.js'
import type { ModelAliases } from '../models/references/model-aliases.js'
import type { ModelJournal, References } from '../models/references/model-journal.js'
import type { ModelRegistry } from '../models/registry.js'
import { savedModelFolder } from '../models/served-network.js'
import type {
  ImageExplanationAnswer,
  ImageExplanationTask,
  ImagesInput,
  Probabilities,
  RowsInput,
  RowValues,
} from '../spec/ipc-messages.js'
import {
  type BoostingModel,
  isBoostingModel,
  type Model,
  type NetworkModel,
} from '../spec/model.js'
import type { ModelSelector } from '../spec/model-selector.js'
import type { ModelWatch } from '../watching/model-watch.js'
import type { CheckpointChoice, CheckpointModels } from './checkpoints/checkpoint-models.js'
import { preprocessingOf } from './contract.js'
import type { Explainer } from './explainer.js'
import type { Predictor } from './pool/pool.js'
import { type PredictOptions, servedModel } from './pool/request.js'
import type { RowPredictor } from './predictor-client.js'
import { Recent } from './recent.js'
import { RowRuns } from './row-runs.js'
import type { PredictionStatistics } from './statistics.js'
import {
  type Comparison,
  compareProbabilities,
  compareRows,
  encodingDifference,
} from './traffic/compare-answers.js'
import { ShadowQueue } from './traffic/shadow-queue.js'
import type { RouteCounter, TrafficRouter } from './traffic/traffic-router.js'
import type { VersionUse } from './version-use.js'

/**
 * How old what requests know of a version may be: one that was just published or damaged is noticed after as long.
 * To ask the disk for each request takes longer than to predict a row.
 */
const recentMs = 100
/** Clients can ask for any name. */
const maxRecent = 1000

/** How checkpoints of jobs are counted. No model can have this name. */
const jobsName = '(job)'

export interface PredictionServiceDeps {
  models: Pick<ModelRegistry, 'get' | 'versions' | 'folder' | 'assertIntact' | 'isKnownDamaged'>
  checkpoints: Pick<CheckpointModels, 'select' | 'predict'>
  modelRecords: {
    aliases: Pick<ModelAliases, 'read'>
    journal: Pick<ModelJournal, 'freshReferences' | 'referencesFor'>
  }
  router: TrafficRouter
  versionUse: VersionUse
  predictor: Pick<Predictor, 'predict' | 'assertAdmits' | 'inFlight'>
  rowPredictor: Pick<RowPredictor, 'predict' | 'predictNow' | 'inFlight'>
  explainer: Pick<Explainer, 'explain'>
  statistics: PredictionStatistics
  watch: Pick<ModelWatch, 'rows' | 'images'>
  /** Counts numbers as memory while they wait, and returns a function that gives it back. Throws OVERLOADED. */
  reserve(bytes: number): () => void
}

/** What of a request decides which version answers, beside the selector. */
export interface SelectOptions {
  /** Reads a header of the request, by which traffic may be split. */
  header?: (name: string) => string | undefined
}

/** Checkpoints of jobs have no version: nobody watches them. */
const isPublished = ({ version }: Model): boolean => version > 0

interface ServiceOptions {
  /** Whether the request counts in what is watched of the model. Default: true. */
  watched?: boolean
}

export interface RowOptions extends ServiceOptions {
  /** Categories that the model does not know, which count as missing. */
  unknownCategories?: readonly { column: string; rows: number }[]
}

/** What a request asks of an explanation of images. */
export type ImageExplanationRequest = Omit<
  ImageExplanationTask,
  'folder' | 'model' | 'input' | 'resize' | 'classes'
>

/** Behind all requests that someone waits for. */
const shadowPriority = -1

/** What every protocol predicts by: which version answers, and the numbers that it answers with. */
export class PredictionService {
  private readonly shadows = new ShadowQueue(
    () => this.deps.predictor.inFlight === 0 && this.deps.rowPredictor.inFlight === 0,
  )
  /** Of the models that `select` returned for requests that other versions predict as well. */
  private readonly routes = new WeakMap<Model, RouteCounter>()

  /** What requests selected a moment ago, and what of it was intact. */
  private readonly models = new Recent<Model>(recentMs, maxRecent)
  private readonly intact = new Recent<void>(recentMs, maxRecent)
  private readonly rowRuns: RowRuns

  constructor(private readonly deps: PredictionServiceDeps) {
    this.rowRuns = new RowRuns(deps)
  }

  /**
   * The version that answers; its files are intact. Throws MODEL_NOT_FOUND, ALIAS_NOT_FOUND, INVALID_SELECTOR or a
   * DamagedError.
   */
  async select(selector: ModelSelector, { header }: SelectOptions = {}): Promise<Model> {
    const { models, modelRecords, router, versionUse } = this.deps
    const { name } = selector
    const { journal } = modelRecords
    // what is known is not awaited: each wait of a request takes as long as walking a few trees
    const references = journal.freshReferences(name) ?? (await journal.referencesFor(selector))
    const { version, alias, route } = router.route(references, selector, header)
    const found = this.lookUp(references, { name, version, alias })
    const model = found instanceof Promise ? await found : found
    versionUse.select(name, model.version)
    const check = () => this.unlessGone(model, models.assertIntact(model))
    // what another request has found damaged is checked at once
    const checked = models.isKnownDamaged(model)
      ? check()
      : this.intact.get(`${name}/${model.version}`, check)
    if (checked instanceof Promise) await checked
    if (!route) return model
    route.countRequest(model.version)
    if (route.shadows.length === 0) return model
    // requests may share the model, but not who else predicts
    const selected = { ...model }
    this.routes.set(selected, route)
    return selected
  }

  private lookUp(
    references: References,
    { name, version, alias }: ModelSelector,
  ): Model | Promise<Model> {
    const { aliases } = this.deps.modelRecords
    // a deletion changes the key, so that this process sees it at once
    const key = [name, version, alias, ...references.removed].join('/')
    return this.models.get(key, () => aliases.read(name, version, alias, references))
  }

  /** As `assertAdmits` for a request that has selected nothing yet. What else is wrong with it, `select` finds. */
  async assertAdmitsSelector(selector: ModelSelector): Promise<void> {
    const { predictor, modelRecords, router } = this.deps
    if (predictor.inFlight === 0) return
    let model: Model
    try {
      const references = await modelRecords.journal.referencesFor(selector)
      const resolved = router.resolve(references, selector)
      if (!resolved) return
      model = await this.lookUp(references, { ...selector, ...resolved })
    } catch {
      return
    }
    await this.assertAdmits(model)
  }

  /**
   * Throws PREDICTOR_BUSY if a request for the version would be refused for its wait, whatever images it has: before
   * they are read.
   */
  async assertAdmits(model: Model): Promise<void> {
    const { predictor, models, statistics } = this.deps
    if (predictor.inFlight === 0 || isBoostingModel(model) || !isPublished(model)) return
    const { name, version, precision } = model
    const folder = savedModelFolder(await models.folder(model), precision?.served)
    try {
      predictor.assertAdmits(folder)
    } catch (error) {
      const code = error instanceof TrainyardError ? error.code : 'INTERNAL'
      statistics.answered({ name, version, code, ms: 0 })
      throw error
    }
  }

  /** What each version has predicted since this process started. */
  get statistics(): PredictionStatistics {
    return this.deps.statistics
  }

  /**
   * A checkpoint of a job, which predicts like a model. Throws JOB_NOT_FOUND, CHECKPOINT_NOT_FOUND, DATASET_GONE,
   * PREDICTOR_BUSY or a DamagedError.
   */
  async selectCheckpoint(job: string, choice: CheckpointChoice): Promise<Model> {
    return (await this.deps.checkpoints.select(job, choice)).model
  }

  /** Images as pixels, or as files that `checkImage` has seen, → logits and probabilities [images, classes]. */
  async predictImages(
    model: NetworkModel,
    input: ImagesInput,
    { watched = true, ...options }: PredictOptions & ServiceOptions = {},
  ): Promise<Probabilities> {
    const predict = () => this.runImages(model, input, options)
    const answer = await (input.kind === 'pixels'
      ? this.withMemory(input.data, predict)
      : predict())
    if (watched && isPublished(model)) this.deps.watch.images(model, input, answer)
    this.shadow(model, bytesOfImages(input), async shadow => {
      if (isBoostingModel(shadow) || !takesSameInput(model, shadow, input)) return 'incomparable'
      const other = await this.runImages(shadow, input, { priority: shadowPriority })
      return compareProbabilities(model, answer, shadow, other)
    })
    return answer
  }

  /** Encoded rows → values [rows, outputs], and SHAP values if `input.explain`. */
  async predictRows(
    model: BoostingModel,
    input: RowsInput,
    { watched = true, unknownCategories = [] }: RowOptions = {},
  ): Promise<RowValues> {
    const answer =
      this.rowRuns.runNow(model, input) ??
      (await this.withMemory(input.rows, () => this.runRows(model, input)))
    if (watched && isPublished(model)) this.deps.watch.rows(model, input, answer, unknownCategories)
    this.shadow(model, input.rows.byteLength, async shadow => {
      if (!isBoostingModel(shadow) || encodingDifference(model, shadow)) return 'incomparable'
      const other = await this.runRows(shadow, { ...input, explain: false })
      return compareRows(model, answer, shadow, other)
    })
    return answer
  }

  /** What of images speaks for a class, by the gradients of the network. It does not count as a prediction. */
  explainImages(
    model: NetworkModel,
    request: ImageExplanationRequest,
    signal: AbortSignal,
  ): Promise<ImageExplanationAnswer> {
    const network = {
      model: model.model,
      input: model.input,
      resize: preprocessingOf(model).resize,
      classes: model.labels.length,
    }
    const explain = () =>
      this.holding(model, folder =>
        this.deps.explainer.explain({ ...network, folder, ...request }, signal),
      )
    const { images } = request
    return images.kind === 'pixels' ? this.withMemory(images.data, explain) : explain()
  }

  private runImages(
    model: NetworkModel,
    input: ImagesInput,
    options: PredictOptions,
  ): Promise<Probabilities> {
    const { predictor } = this.deps
    return this.using(model, (folder, name) => {
      const served = servedModel(
        { ...model, name },
        savedModelFolder(folder, model.precision?.served),
      )
      return predictor.predict(served, input, options)
    })
  }

  private runRows(model: BoostingModel, input: RowsInput): Promise<RowValues> {
    return this.using(model, (folder, name) => this.rowRuns.run(model, { folder, name }, input))
  }

  /** As `holding`, and counts the request by its outcome. */
  private async using<T>(
    model: Model,
    predict: (folder: string, name: string) => Promise<T>,
  ): Promise<T> {
    const since = performance.now()
    let countedName = model.name
    let code: string | null = null
    try {
      return await this.holding(model, (folder, name) => {
        countedName = name
        return predict(folder, name)
      })
    } catch (error) {
      code = error instanceof TrainyardError ? error.code : 'INTERNAL'
      throw error
    } finally {
      const { version } = model
      const ms = performance.now() - since
      this.deps.statistics.answered({ name: countedName, version, code, ms })
    }
  }

  /**
   * Keeps the files of the version, or of the checkpoint, while they are used. `use` gets the folder, and the name to
   * count under.
   */
  private async holding<T>(
    model: Model,
    use: (folder: string, name: string) => Promise<T>,
  ): Promise<T> {
    const { models, versionUse, checkpoints } = this.deps
    const ofCheckpoint = checkpoints.predict(model, folder => use(folder, jobsName))
    const name = ofCheckpoint === null ? model.name : jobsName
    const end = versionUse.begin(name, model.version)
    try {
      return await (ofCheckpoint ??
        this.unlessGone(
          model,
          models.folder(model).then(folder => use(folder, name)),
        ))
    } finally {
      end()
    }
  }

  /** A version that another process has deleted meanwhile is not damaged: it is not there. */
  private async unlessGone<T>(model: Model, used: Promise<T>): Promise<T> {
    try {
      return await used
    } catch (error) {
      if (error instanceof TrainyardError && !isDamaged(error)) throw error
      const versions = await this.deps.models.versions(model.id)
      throw versions.includes(model.version) ? error : modelNotFound(model.id, model.version)
    }
  }

  /** Lets the other versions of the request's route predict too, after its answer. */
  private shadow(
    model: Model,
    bytes: number,
    compare: (shadow: Model) => Promise<Comparison | 'incomparable'>,
  ): void {
    const route = this.routes.get(model)
    if (!route) return
    for (const version of route.shadows) {
      const count = (outcome: Parameters<RouteCounter['countShadow']>[1], of = version) =>
        route.countShadow(of ?? model.versions.at(-1)!, outcome)
      const run = async () => {
        const shadow = await this.deps.models.get(model.id, version)
        const isOther = shadow.version !== model.version
        count(isOther ? await compare(shadow) : 'incomparable', shadow.version)
      }
      this.shadows.add({
        bytes,
        drop: () => count('dropped'),
        run: () => run().catch(() => count('failed')),
      })
    }
  }

  /** Twice the numbers, since they are copied for the predictor's process. */
  private async withMemory<T>(numbers: Float32Array, predict: () => Promise<T>): Promise<T> {
    const release = this.deps.reserve(2 * numbers.byteLength)
    try {
      return await predict()
    } finally {
      release()
    }
  }
}

const bytesOfImages = (input: ImagesInput): number =>
  input.kind === 'pixels'
    ? input.data.byteLength
    : input.files.reduce((sum, { byteLength }) => sum + byteLength, 0)

/** Files are decoded for each version as it needs; pixels have a size. */
function takesSameInput(model: NetworkModel, shadow: NetworkModel, input: ImagesInput): boolean {
  const sizes = [model, shadow].map(({ input: { height, width, channels } }) =>
    [height, width, channels].join(),
  )
  return input.kind === 'images' || sizes[0] === sizes[1]
}
