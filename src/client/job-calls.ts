import type { Static } from 'typebox'
import type { Checkpoint } from '../spec/checkpoint.js'
import type { DamagedItem } from '../spec/damage.js'
import type { EvaluationRecordPage, EvaluationRecordQuery } from '../spec/evaluation-records.js'
import type { ImageExplanations, RowExplanations } from '../spec/explanation.js'
import type { Job, JobPatch, JobRequest } from '../spec/job.js'
import type { JobOutcomes, JobsAction } from '../spec/job-actions.js'
import type { JobFacets } from '../spec/job-facets.js'
import type { LogLine, LogPage } from '../spec/job-log.js'
import type {
  CancelledJobs,
  JobFacetsQuery,
  JobListQuery,
  JobPlan,
  JobSelection,
} from '../spec/job-queries.js'
import type { JobResources } from '../spec/job-resources.js'
import type { JobMetrics, LoggedRow, MetricsPage } from '../spec/metrics.js'
import type { Page } from '../spec/paging.js'
import type { JobPredictions } from '../spec/selected-predictions.js'
import type { ProgressUpdate as ProgressUpdateSchema } from '../spec/stream-events.js'
import {
  type Caller,
  type CallOptions,
  jsonBody,
  pathOf,
  type Query,
  type QueryOf,
  withQuery,
} from './caller.js'
import { type FollowOptions, followEvents } from './events.js'
import { type AllOptions, allItems } from './pages.js'
import { inputBody, type PredictInput } from './predict-input.js'

/** As of a model, but with the step of a checkpoint in place of the version. */
export type JobExplanations = Omit<ImageExplanations | RowExplanations, 'model' | 'version'> & {
  job: string
  step: number
}

export type ProgressUpdate = Static<typeof ProgressUpdateSchema>

/** `id` is for `after`. */
export type JobStreamEvent = { id?: string | undefined } & (
  | { event: 'metrics'; data: LoggedRow }
  | { event: 'job'; data: Job }
)

export type JobProgressEvent =
  | { event: 'progress'; data: ProgressUpdate }
  | { event: 'job'; data: Job }

export interface SubmitOptions extends CallOptions {
  /** If two submissions have the same key, the second returns the job of the first. By default a new one. */
  idempotencyKey?: string | undefined
}

export class JobCalls {
  constructor(private readonly caller: Caller) {}

  submit(request: JobRequest, options: SubmitOptions = {}): Promise<Job> {
    const { idempotencyKey = randomKey(), ...others } = options
    const { headers, body } = jsonBody(request)
    return this.caller.json<Job>('POST', '/jobs', {
      ...others,
      headers: { ...headers, 'idempotency-key': idempotencyKey },
      body,
      // the key makes sure that there is one job
      isRepeatable: true,
    })
  }

  /** Plans a job without creating it. */
  plan(request: JobRequest, options?: CallOptions): Promise<JobPlan> {
    const isRepeatable = true
    const body = jsonBody(request)
    return this.caller.json<JobPlan>('POST', '/jobs?dryRun=true', {
      ...options,
      ...body,
      isRepeatable,
    })
  }

  get(id: string, options?: CallOptions): Promise<Job> {
    return this.caller.json<Job>('GET', pathOf`/jobs/${id}`, options)
  }

  /** A page of jobs, the newest first. */
  list(
    query: QueryOf<Static<typeof JobListQuery>> = {},
    options?: CallOptions,
  ): Promise<Page<Job>> {
    return this.caller.json<Page<Job>>('GET', withQuery('/jobs', query), options)
  }

  /** Yields all jobs that match, page by page: the newest first. */
  all(
    query: QueryOf<Static<typeof JobListQuery>> = {},
    options: AllOptions = {},
  ): AsyncGenerator<Job> {
    return allItems(this.list.bind(this), query, options)
  }

  /** Changes the name, priority, labels or resources of a job. */
  update(id: string, patch: JobPatch, options?: CallOptions): Promise<Job> {
    const path = pathOf`/jobs/${id}`
    return this.caller.json<Job>('PATCH', path, { ...options, ...jsonBody(patch) })
  }

  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.caller.request('DELETE', pathOf`/jobs/${id}`, options)
  }

  act(
    id: string,
    verb: 'pause' | 'resume' | 'cancel' | 'retry',
    options?: CallOptions,
  ): Promise<Job> {
    return this.caller.json<Job>('POST', pathOf`/jobs/${id}/${verb}`, options)
  }

  pause(id: string, options?: CallOptions): Promise<Job> {
    return this.act(id, 'pause', options)
  }

  resume(id: string, options?: CallOptions): Promise<Job> {
    return this.act(id, 'resume', options)
  }

  cancel(id: string, options?: CallOptions): Promise<Job> {
    return this.act(id, 'cancel', options)
  }

  retry(id: string, options?: CallOptions): Promise<Job> {
    return this.act(id, 'retry', options)
  }

  /** Cancels all jobs that match the conditions. */
  cancelMatching(selection: JobSelection, options?: CallOptions): Promise<CancelledJobs> {
    const body = jsonBody(selection)
    return this.caller.json<CancelledJobs>('POST', '/jobs/cancel', { ...options, ...body })
  }

  /** Pauses, resumes, cancels, retries or deletes up to 1000 jobs; each has an outcome of its own. */
  actOnMany(
    action: JobsAction,
    { keepalive = false, ...options }: CallOptions & { keepalive?: boolean } = {},
  ): Promise<JobOutcomes> {
    const body = jsonBody(action)
    return this.caller.json<JobOutcomes>('POST', '/jobs/actions', {
      ...options,
      ...body,
      keepalive,
    })
  }

  /** The values that jobs can be filtered by, with the number of jobs that have each. */
  facets(
    query: QueryOf<Static<typeof JobFacetsQuery>> = {},
    options?: CallOptions,
  ): Promise<JobFacets> {
    return this.caller.json<JobFacets>('GET', withQuery('/jobs/facets', query), options)
  }

  metrics(id: string, query: Query = {}, options?: CallOptions): Promise<MetricsPage> {
    const path = withQuery(pathOf`/jobs/${id}/metrics`, query)
    return this.caller.json<MetricsPage>('GET', path, options)
  }

  /** All rows as one text; read its body as it arrives. */
  exportMetrics(
    id: string,
    format: 'csv' | 'ndjson',
    query: Record<string, string> = {},
    options?: CallOptions,
  ): Promise<Response> {
    const path = withQuery(pathOf`/jobs/${id}/metrics`, { ...query, format })
    return this.caller.request('GET', path, options)
  }

  /** The metrics of many jobs, downsampled for a chart. */
  compareMetrics(
    jobs: readonly string[],
    query: Record<string, string> = {},
    options?: CallOptions,
  ): Promise<Page<JobMetrics>> {
    const path = withQuery('/jobs/metrics', { ...query, jobs: jobs.join(',') })
    return this.caller.json<Page<JobMetrics>>('GET', path, options)
  }

  /** Oldest first. */
  checkpoints(
    id: string,
    options?: CallOptions,
  ): Promise<{ items: Checkpoint[]; damaged: DamagedItem[] }> {
    return this.caller.json<{ items: Checkpoint[]; damaged: DamagedItem[] }>(
      'GET',
      pathOf`/jobs/${id}/checkpoints`,
      options,
    )
  }

  /** A checkpoint as a tar; read its body as it arrives. */
  downloadCheckpoint(id: string, step: number, options?: CallOptions): Promise<Response> {
    const path = pathOf`/jobs/${id}/checkpoints/${step}/archive`
    return this.caller.request('GET', path, options)
  }

  checkpoint(id: string, step: number, options?: CallOptions): Promise<Checkpoint> {
    return this.caller.json<Checkpoint>('GET', pathOf`/jobs/${id}/checkpoints/${step}`, options)
  }

  /** The files of TensorBoard as a tar; read its body as it arrives. */
  downloadTensorBoard(id: string, options?: CallOptions): Promise<Response> {
    return this.caller.request('GET', pathOf`/jobs/${id}/tensorboard`, options)
  }

  /** Predicts with a checkpoint of a job, also of a running one: `at` of the query is its step, `best` or `latest`. */
  predict(
    id: string,
    input: PredictInput,
    query: Query = {},
    options?: CallOptions,
  ): Promise<JobPredictions> {
    const path = withQuery(pathOf`/jobs/${id}/predict`, query)
    return this.caller.json<JobPredictions>('POST', path, { ...options, ...inputBody(input) })
  }

  /** Explains predictions of a checkpoint of a job. */
  explain(
    id: string,
    input: PredictInput,
    query: Query = {},
    options?: CallOptions,
  ): Promise<JobExplanations> {
    const path = withQuery(pathOf`/jobs/${id}/explain`, query)
    return this.caller.json<JobExplanations>('POST', path, { ...options, ...inputBody(input) })
  }

  /** What the trainers of the job used, over time. */
  resources(id: string, query: Query = {}, options?: CallOptions): Promise<JobResources> {
    const path = withQuery(pathOf`/jobs/${id}/resources`, query)
    return this.caller.json<JobResources>('GET', path, options)
  }

  /** What the model of a job predicted for its validation records, the worst ones first. */
  evaluationRecords(
    id: string,
    query: QueryOf<Static<typeof EvaluationRecordQuery>> = {},
    options?: CallOptions,
  ): Promise<EvaluationRecordPage> {
    const path = withQuery(pathOf`/jobs/${id}/evaluation/records`, query)
    return this.caller.json<EvaluationRecordPage>('GET', path, options)
  }

  /** A page of the log, oldest lines first. */
  logs(id: string, query: Query = {}, options?: CallOptions): Promise<LogPage> {
    const path = withQuery(pathOf`/jobs/${id}/logs`, query)
    return this.caller.json<LogPage>('GET', path, options)
  }

  /** Yields each row of metrics and each state of a job, from its start until it has ended. */
  async *follow(id: string, options: FollowOptions = {}): AsyncGenerator<JobStreamEvent> {
    const path = pathOf`/jobs/${id}/metrics`
    for await (const event of followEvents(this.caller, path, options, { isLast: isEndOfJob }))
      yield { id: event.id, event: event.event, data: JSON.parse(event.data) } as JobStreamEvent
  }

  /** Yields the states and the latest progress of a job until it has ended; a slow reader skips to the newest. */
  async *followProgress(
    id: string,
    options: Omit<FollowOptions, 'after'> = {},
  ): AsyncGenerator<JobProgressEvent> {
    const path = pathOf`/jobs/${id}/events`
    let latest = ''
    for await (const event of followEvents(this.caller, path, options, { isLast: isEndOfJob })) {
      // a stream that is opened again begins with the job as it is
      if (event.event === 'job' && event.data === latest) continue
      if (event.event === 'job') latest = event.data
      yield { event: event.event, data: JSON.parse(event.data) } as JobProgressEvent
    }
  }

  /** Yields the lines of a job's log until it has ended, and waits for those to come. */
  async *followLogs(
    id: string,
    query: { attempt?: number | undefined; tail?: number | undefined } = {},
    options: FollowOptions = {},
  ): AsyncGenerator<LogLine> {
    const path = withQuery(pathOf`/jobs/${id}/logs`, query)
    const { signal } = options
    const isOver = async (after: string | undefined) => {
      const { finishedAt } = await this.get(id, { signal })
      if (finishedAt === null) return false
      const rest = { limit: 1, attempt: query.attempt, cursor: after }
      return (await this.logs(id, rest, { signal })).items.length === 0
    }
    for await (const { data } of followEvents(this.caller, path, options, { isOver }))
      yield JSON.parse(data) as LogLine
  }

  /** Waits until a job has ended, and returns it: look at its `status`. */
  async wait(id: string, options: Omit<FollowOptions, 'after'> = {}): Promise<Job> {
    let latest: Job | undefined
    for await (const { event, data } of this.followProgress(id, options))
      if (event === 'job') latest = data
    return latest!
  }
}

const isEndOfJob = ({ event, data }: { event?: string | undefined; data: string }) =>
  event === 'job' && (JSON.parse(data) as Job).finishedAt !== null

/** `crypto.randomUUID` is only in pages of HTTPS. */
const randomKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
