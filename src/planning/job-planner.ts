import { ulid } from 'ulid'
import { isMissing } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
import {
  isBoosting,
  isBoostingRequest,
  type JobManifest,
  type JobRequest,
  type NetworkJobRequest,
} from '../spec/job.js'
import type { JobPlan } from '../spec/job-queries.js'
import { estimateBoostingSize, estimateMemory, recordCounts, toJobPlan } from './dry-run.js'
import type { Planner } from './dry-run-process.js'
import { unknownDataset } from './errors.js'
import { findInitialSource, type InitSourceLookup } from './init-source.js'
import { planJob } from './plan.js'

export interface JobPlannerDeps extends InitSourceLookup {
  /** Estimates the size of a network's job. */
  estimateSize: Planner
}

/**
 * Turns a request into a job's manifest. Reads the data sets and weights that it names; stores
 * nothing.
 */
export class JobPlanner {
  constructor(private readonly deps: JobPlannerDeps) {}

  /**
   * Returns the manifest with every option filled in. Throws `INVALID_JOB` with all invalid fields.
   */
  async plan(request: JobRequest): Promise<JobManifest> {
    const validation = request.training?.validation
    const dataset = await this.resolveDataset(request.dataset, '/dataset')
    const validationDataset =
      typeof validation === 'object' && 'dataset' in validation
        ? await this.resolveDataset(validation.dataset, '/training/validation/dataset')
        : null
    const createdAt = new Date()
    const id = `job-${ulid(createdAt.getTime()).toLowerCase()}`
    const { priority, labels } = request
    const { initFrom: requestedInit, freeze } = initOptions(request)
    const initial = requestedInit ? await findInitialSource(requestedInit, this.deps) : null
    const identity = { id, createdAt: createdAt.toISOString() }
    const job = planJob(identity, request, dataset, validationDataset, initial)
    return {
      ...job,
      ...(isBoosting(job) && { memory: estimateMemory('boosting', estimateBoostingSize(job)) }),
      ...(initial && { initFrom: initial.source }),
      ...(freeze && { freeze }),
      ...(priority && { priority }),
      ...(labels && { labels }),
    }
  }

  /**
   * Returns the plan and the estimated size of a job without submitting it. Throws as `plan` does.
   * `signal` ends the estimate, for a client that has gone.
   */
  async dryRun(request: JobRequest, signal?: AbortSignal): Promise<JobPlan> {
    const job = await this.plan(request)
    if (isBoosting(job)) return toJobPlan(job, estimateBoostingSize(job))
    const { findDataset, estimateSize } = this.deps
    const { validation } = job.training
    const dataset = await findDataset(job.dataset.id)
    const validationDataset = 'dataset' in validation ? await findDataset(validation.dataset) : null
    if (dataset.kind !== 'images') throw new Error(`data set ${dataset.id} is a ${dataset.kind}`)
    const records = recordCounts(job, dataset, validationDataset)
    return toJobPlan(job, await estimateSize({ job, dataset, records }, signal))
  }

  /** An unknown data set is an invalid field of the request, not a 404. */
  private resolveDataset(name: string, path: string): Promise<DatasetManifest> {
    return this.deps.findDataset(name).catch(error => {
      throw isMissing(error) ? unknownDataset(path, error) : error
    })
  }
}

/** Boosting has no initial weights, so its requests have neither `initFrom` nor `freeze`. */
const initOptions = (request: JobRequest): Pick<NetworkJobRequest, 'initFrom' | 'freeze'> =>
  isBoostingRequest(request) ? {} : request
