import { ulid } from 'ulid'
import { FieldErrors, fieldError, TrainyardError } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
import { partsOfPlan } from '../spec/dataset-part.js'
import type { JobSize } from '../spec/ipc-messages.js'
import {
  isBoosting,
  isBoostingRequest,
  isPredictionRequest,
  type JobManifest,
  type JobRequest,
  type NetworkJob,
  type NetworkJobRequest,
  type PredictionJobRequest,
  type TrainingJob,
  type TrainingJobRequest,
} from '../spec/job.js'
import type { JobPlan, TimeEstimate } from '../spec/job-queries.js'
import { isBoostingModel } from '../spec/model.js'
import type { Note } from '../spec/notes.js'
import { type Resources, workersOf } from '../spec/resources.js'
import {
  estimateBoostingSize,
  estimateMemory,
  recordCounts,
  type SizedPlan,
  toJobPlan,
} from './dry-run.js'
import type { Planner } from './dry-run-process.js'
import { invalidJob, orFieldError } from './errors.js'
import { findInitialSource, type InitialSource, type InitSourceLookup } from './init-source.js'
import { initialWeightsNotes, uncheckedNote } from './initial-weights-notes.js'
import { planJob } from './plan.js'
import { planChangedResources } from './plan-changed-resources.js'
import { planPrediction } from './plan-prediction.js'
import { placementNotes, type WhyNobody, withResources } from './plan-resources.js'
import { estimatePredictionSize } from './prediction-size.js'

export interface JobPlannerDeps extends InitSourceLookup {
  /** Estimates the size of a network's job. */
  estimateSize: Planner
}

interface PreparedJob {
  job: TrainingJob
  dataset: DatasetManifest
  validationDataset: DatasetManifest | null
  initial: InitialSource | null
}

/**
 * Turns a request into a job's manifest. Reads the data sets and weights that it names; stores
 * nothing.
 */
export class JobPlanner {
  /** `estimateTime` says how long a job may take, `whyNobody` why no worker can run it now. */
  constructor(
    private readonly deps: JobPlannerDeps,
    private readonly estimateTime: (plan: SizedPlan) => Promise<TimeEstimate>,
    private readonly whyNobody: WhyNobody = async () => null,
  ) {}

  /**
   * Returns the manifest with every option filled in. Throws `INVALID_JOB` with all invalid fields, or if
   * the initial weights do not fit the network.
   */
  async plan(request: JobRequest): Promise<JobManifest> {
    if (isPredictionRequest(request)) {
      const { job, size } = await this.preparePrediction(request)
      return { ...job, memory: estimateMemory(job.model.kind, size) }
    }
    const prepared = await this.prepare(request)
    const { job, initial } = prepared
    if (!initial || isBoosting(job)) return job
    const size = initial.tensors && (await this.estimate(job, prepared).catch(nullIfUnavailable))
    return withNotes(job, size ? initialWeightsNotes(size) : [uncheckedNote])
  }

  /**
   * Returns the plan and the estimated size of a job without submitting it. Throws as `plan` does.
   * `signal` ends the estimate, for a client that has gone.
   */
  async dryRun(request: JobRequest, signal?: AbortSignal): Promise<JobPlan> {
    const plan = await this.sizedPlan(request, signal)
    return { ...plan, timeEstimate: await this.estimateTime(plan) }
  }

  /** See `planChangedResources`. */
  changeResources(job: JobManifest, resources: Resources): Promise<JobManifest> {
    return planChangedResources(job, resources, id => this.deps.findDataset(id))
  }

  private async sizedPlan(request: JobRequest, signal?: AbortSignal): Promise<SizedPlan> {
    if (isPredictionRequest(request)) {
      const { job, size } = await this.preparePrediction(request)
      return toJobPlan(withNotes(job, await this.placement(job)), size)
    }
    const prepared = await this.prepare(request)
    const { initial } = prepared
    const job = withNotes(prepared.job, await this.placement(prepared.job))
    if (isBoosting(job)) return toJobPlan(job, estimateBoostingSize(job))
    const size = await this.estimate(job, prepared, signal)
    if (!initial) return toJobPlan(job, size)
    const notes = initial.tensors ? initialWeightsNotes(size) : [uncheckedNote]
    return toJobPlan(withNotes(job, notes), size)
  }

  private placement(job: JobManifest): Promise<Note[]> {
    return placementNotes(job, this.whyNobody)
  }

  /** The version and the data set that a job predicts with; neither moves later. */
  private async preparePrediction(request: PredictionJobRequest) {
    const { predict, priority, labels } = request
    const { model: name, version, alias } = predict
    if (version !== undefined && alias !== undefined) {
      const message = 'predict: give one of version and alias'
      throw invalidJob([fieldError('/predict/alias', 'contradiction', message)])
    }
    const [dataset, model] = await bothFound(
      this.resolveDataset(request.dataset, '/dataset'),
      orFieldError(
        alias === undefined ? '/predict/model' : '/predict/alias',
        'model_not_found',
        this.deps.findModel({ name, version, alias }),
      ),
    )
    const planned = planPrediction(newIdentity(), request, dataset, model)
    const tensors = isBoostingModel(model)
      ? []
      : await this.deps.modelTensors(model.id, model.version)
    const size = estimatePredictionSize(model, planned.predict, tensors ?? [])
    const job = withResources(
      {
        ...planned,
        ...(priority && { priority }),
        ...(labels && { labels }),
        request,
      },
      request.resources,
    )
    return { job, size }
  }

  private async prepare(request: TrainingJobRequest): Promise<PreparedJob> {
    const validation = request.training?.validation
    const dataset = await this.resolveDataset(request.dataset, '/dataset')
    const validationDataset =
      typeof validation === 'object' && 'dataset' in validation
        ? await this.resolveDataset(validation.dataset, '/training/validation/dataset')
        : null
    const identity = newIdentity()
    const { priority, labels } = request
    const { initFrom: requestedInit, freeze } = initOptions(request)
    const initial = requestedInit ? await findInitialSource(requestedInit, this.deps) : null
    const job = planJob(identity, request, dataset, validationDataset, initial)
    const manifest = {
      ...job,
      ...(isBoosting(job) && {
        memory: estimateMemory('boosting', estimateBoostingSize(job), workersOf(job)),
      }),
      ...(initial && { initFrom: initial.source }),
      ...(freeze && { freeze }),
      ...(priority && { priority }),
      ...(labels && { labels }),
      request,
    }
    const planned = withResources(manifest, request.resources)
    return { job: planned, dataset, validationDataset, initial }
  }

  /** Builds the network in another process. */
  private estimate(
    job: NetworkJob,
    { dataset, validationDataset, initial }: PreparedJob,
    signal?: AbortSignal,
  ): Promise<JobSize> {
    if (dataset.kind !== 'images') throw new Error(`data set ${dataset.id} is a ${dataset.kind}`)
    const parts = partsOfPlan<DatasetManifest>(job.training, dataset, validationDataset)
    const records = recordCounts(job, parts.training, parts.validation)
    const checkpointTensors = initial?.tensors ?? undefined
    return this.deps.estimateSize({ job, dataset, records, checkpointTensors }, signal)
  }

  /** An unknown data set is an invalid field of the request, not a 404. */
  private resolveDataset(name: string, path: string): Promise<DatasetManifest> {
    return orFieldError(path, 'dataset_not_found', this.deps.findDataset(name))
  }
}

/** Boosting has no initial weights, so its requests have neither `initFrom` nor `freeze`. */
const initOptions = (
  request: TrainingJobRequest,
): Pick<NetworkJobRequest, 'initFrom' | 'freeze'> => (isBoostingRequest(request) ? {} : request)

function newIdentity() {
  const createdAt = new Date()
  const id = `job-${ulid(createdAt.getTime()).toLowerCase()}`
  return { id, createdAt: createdAt.toISOString() }
}

/** Waits for both. If one or both fail by invalid fields, throws one error with all of them. */
async function bothFound<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const settled = await Promise.allSettled([one, other])
  const errors = new FieldErrors()
  for (const result of settled) {
    if (result.status === 'fulfilled') continue
    const { reason } = result
    if (!(reason instanceof TrainyardError) || reason.code !== 'INVALID_JOB') throw reason
    for (const { path, code, message } of reason.errors) errors.add(path, code, message)
  }
  errors.throwIfAny('INVALID_JOB')
  return Promise.all([one, other])
}

const withNotes = <J extends JobManifest>(job: J, notes: Note[]): J =>
  notes.length === 0 ? job : { ...job, notes: [...(job.notes ?? []), ...notes] }

/** A job is not refused since the planners are busy: it compares the weights itself when it begins. */
function nullIfUnavailable(error: unknown): null {
  if (error instanceof TrainyardError && error.kind === 'unavailable') return null
  throw error
}
