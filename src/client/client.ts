import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type { Checkpoint } from '../spec/checkpoint.js'
import type { DamagedItem } from '../spec/damage.js'
import type { DatasetManifest } from '../spec/dataset.js'
import type { DatasetImport } from '../spec/dataset-import.js'
import type { ContactSheet, HistogramPage, SamplePage } from '../spec/dataset-preview.js'
import type { DatasetRequest } from '../spec/dataset-request.js'
import type { DeriveRequest } from '../spec/dataset-steps.js'
import type { EvaluationRecordPage } from '../spec/evaluation-records.js'
import type { Job, JobPatch, JobRequest } from '../spec/job.js'
import type { JobOutcomes, JobsAction } from '../spec/job-actions.js'
import type { JobFacets } from '../spec/job-facets.js'
import type { LogPage } from '../spec/job-log.js'
import type { CancelledJobs, JobPlan, JobSelection } from '../spec/job-queries.js'
import type { JobResources } from '../spec/job-resources.js'
import type { JobMetrics, LoggedRow, MetricsPage } from '../spec/metrics.js'
import type { Model, Predictions, RowPredictions } from '../spec/model.js'
import type { Page } from '../spec/paging.js'
import type { Problem } from '../spec/problem.js'
import type { ServerInfo } from '../spec/server-info.js'
import type { Session, SignIn } from '../spec/session.js'
import type { WorkerList } from '../spec/worker.js'
import { chunksOf } from './body-chunks.js'
import { type Caller, jsonBody, type Query, withQuery } from './caller.js'
import { DatasetCalls, ImportCalls } from './dataset-calls.js'
import { AliasCalls, ModelCalls } from './model-calls.js'
import { problemOf } from './problem-of.js'
import { UploadCalls } from './upload-calls.js'
import { WebhookCalls } from './webhook-calls.js'

export type JobStreamEvent = { event: 'metrics'; data: LoggedRow } | { event: 'job'; data: Job }

/** A response that is not 2xx. `problem` has the server's code and message. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.detail} (${problem.code})`)
    this.name = 'ProblemError'
  }
}

export interface MakingOptions {
  /** Called with each state and progress of an import that takes long. */
  onProgress?: (progress: DatasetImport) => void
}

export interface SendOptions {
  /** Whether a browser still sends the request after its page was closed. */
  keepalive?: boolean
}

/** How long after a broken stream it is opened again. */
const reopenMs = 1000

/** What permits the requests: a key, or in a page of the server the cookie of its session. */
export type Credentials = string | { session: true }

/**
 * Typed client of Trainyard's HTTP API, for Node and for browsers. Methods throw `ProblemError` if the server rejects
 * a request.
 */
export class Client {
  private readonly caller: Caller = {
    request: (method, path, init) => this.request(method, path, init),
    json: (method, path, init) => this.json(method, path, init),
  }
  readonly datasets = new DatasetCalls(this.caller)
  readonly imports = new ImportCalls(this.caller)
  readonly uploads = new UploadCalls(this.caller)
  readonly models = new ModelCalls(this.caller)
  readonly aliases = new AliasCalls(this.caller)
  readonly webhooks = new WebhookCalls(this.caller)

  /** `url` has no slash at the end. In a page, it may be a path. */
  constructor(
    private readonly url: string,
    private readonly credentials: Credentials,
  ) {}

  /** Starts a session with a key. The browser keeps it in a cookie that no script can read. */
  signIn(key: string, options: Omit<SignIn, 'key'> = {}) {
    return this.json<Session>('POST', '/session', jsonBody({ key, ...options }))
  }

  /** Who is signed in. */
  session() {
    return this.json<Session>('GET', '/session')
  }

  async signOut(): Promise<void> {
    await this.request('DELETE', '/session')
  }

  /** Waits until the data set is made, however long it takes. */
  async uploadDataset(
    name: string,
    files: readonly { name: string; content: Blob }[],
    options: MakingOptions = {},
  ): Promise<DatasetManifest> {
    const form = new FormData()
    form.set('name', name)
    for (const file of files) form.append('files', file.content, file.name)
    return this.made(await this.request('POST', '/datasets', { body: form }), options)
  }

  /** Makes a data set of what the request names, and waits until it is made. */
  async createDataset(
    request: DatasetRequest,
    options: MakingOptions = {},
  ): Promise<DatasetManifest> {
    return this.made(await this.request('POST', '/datasets', jsonBody(request)), options)
  }

  /** Makes a data set of another one, and waits until it is made. */
  async derive(
    dataset: string,
    request: DeriveRequest,
    options: MakingOptions = {},
  ): Promise<DatasetManifest> {
    const answer = await this.request('POST', `/datasets/${dataset}/derive`, jsonBody(request))
    return this.made(answer, options)
  }

  dataset(id: string) {
    return this.json<DatasetManifest>('GET', `/datasets/${id}`)
  }

  /** Ends the making of a data set, and removes its files. */
  cancelImport(id: string) {
    return this.json<DatasetImport>('POST', `/imports/${id}/cancel`)
  }

  /** A page of the images or rows of a data set. */
  samples(dataset: string, query: Query = {}) {
    return this.json<SamplePage>(
      'GET',
      `/datasets/${dataset}/samples?${new URLSearchParams(query)}`,
    )
  }

  /** How the values of the columns of a table are spread. */
  histograms(dataset: string, query: Record<string, string> = {}) {
    const path = `/datasets/${dataset}/histograms?${new URLSearchParams(query)}`
    return this.json<HistogramPage>('GET', path)
  }

  /** Many images of a data set as one PNG, and which image is in which cell. */
  async contactSheet(dataset: string, query: Record<string, string> = {}) {
    const parameters = new URLSearchParams(query)
    const path = `/datasets/${dataset}/contact-sheet`
    const [image, map] = await Promise.all([
      this.request('GET', `${path}?${parameters}`),
      this.json<ContactSheet>('GET', `${path}/cells?${parameters}`),
    ])
    return { image: await image.blob(), map }
  }

  /** The image at a place of a data set, as it is stored or as a PNG. */
  async image(dataset: string, index: number, { asPng = false } = {}): Promise<Blob> {
    const format = asPng ? '?format=png' : ''
    return (await this.request('GET', `/datasets/${dataset}/images/${index}${format}`)).blob()
  }

  /** A data set as one file; read its body as it arrives. */
  downloadDataset(
    dataset: string,
    format: 'tfrecord' | 'folders' | 'csv' | 'parquet' | 'arrow',
  ): Promise<Response> {
    return this.request('GET', `/datasets/${dataset}/archive?format=${format}`)
  }

  /** If two submissions have the same key, the second returns the job of the first. */
  submit(request: JobRequest, { idempotencyKey }: { idempotencyKey?: string } = {}) {
    const { headers, body } = jsonBody(request)
    const key: Record<string, string> =
      idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }
    return this.json<Job>('POST', '/jobs', { headers: { ...headers, ...key }, body })
  }

  /** Plans a job without creating it. */
  preview(request: JobRequest) {
    return this.json<JobPlan>('POST', '/jobs?dryRun=true', jsonBody(request))
  }

  job(id: string) {
    return this.json<Job>('GET', `/jobs/${id}`)
  }

  /** Newest first. */
  jobs(query: Query = {}) {
    return this.json<Page<Job>>('GET', `/jobs?${new URLSearchParams(query)}`)
  }

  /** Changes the name, priority or labels of a job. */
  updateJob(id: string, patch: JobPatch) {
    return this.json<Job>('PATCH', `/jobs/${id}`, jsonBody(patch))
  }

  async deleteJob(id: string): Promise<void> {
    await this.request('DELETE', `/jobs/${id}`)
  }

  act(id: string, verb: 'pause' | 'resume' | 'cancel' | 'retry') {
    return this.json<Job>('POST', `/jobs/${id}/${verb}`)
  }

  /** Cancels all jobs that match the conditions. */
  cancelJobs(selection: JobSelection) {
    return this.json<CancelledJobs>('POST', '/jobs/cancel', jsonBody(selection))
  }

  /** Pauses, resumes, cancels, retries or deletes up to 1000 jobs; each has an outcome of its own. */
  actOnJobs(action: JobsAction, { keepalive = false }: SendOptions = {}) {
    return this.json<JobOutcomes>('POST', '/jobs/actions', { ...jsonBody(action), keepalive })
  }

  /** The values that jobs can be filtered by, with the number of jobs that have each. */
  jobFacets(query: Record<string, string> = {}) {
    return this.json<JobFacets>('GET', `/jobs/facets?${new URLSearchParams(query)}`)
  }

  metrics(id: string, query: Record<string, string> = {}) {
    return this.json<MetricsPage>('GET', `/jobs/${id}/metrics?${new URLSearchParams(query)}`)
  }

  /** The metrics of many jobs, downsampled for a chart. */
  compareMetrics(jobs: readonly string[], query: Record<string, string> = {}) {
    const path = withQuery('/jobs/metrics', { ...query, jobs: jobs.join(',') })
    return this.json<Page<JobMetrics>>('GET', path)
  }

  /** Oldest first. */
  checkpoints(id: string) {
    return this.json<{ items: Checkpoint[]; damaged: DamagedItem[] }>(
      'GET',
      `/jobs/${id}/checkpoints`,
    )
  }

  /** What the server is, has and takes. */
  server() {
    return this.json<ServerInfo>('GET', '/server')
  }

  /** What the trainers of the job used, over time. */
  resources(id: string, query: Record<string, string> = {}) {
    return this.json<JobResources>('GET', `/jobs/${id}/resources?${new URLSearchParams(query)}`)
  }

  /** What the model of a job predicted for its validation records, the worst ones first. */
  evaluationRecords(id: string, query: Query = {}) {
    const path = withQuery(`/jobs/${id}/evaluation/records`, query)
    return this.json<EvaluationRecordPage>('GET', path)
  }

  logs(id: string, query: Record<string, string> = {}) {
    return this.json<LogPage>('GET', `/jobs/${id}/logs?${new URLSearchParams(query)}`)
  }

  predict(model: string, instances: unknown[]) {
    return this.json<Predictions>('POST', `/models/${model}/predict`, jsonBody({ instances }))
  }

  /** For boosting models. Rows are objects by column, or arrays in the order of the columns. */
  predictRows(
    model: string,
    instances: unknown[],
    options: {
      explain?: boolean
      unknownCategory?: 'missing' | 'error'
      unknownColumn?: 'error' | 'ignore'
    } = {},
  ) {
    const body = jsonBody({ instances, ...options })
    return this.json<RowPredictions>('POST', `/models/${model}/predict`, body)
  }

  model(id: string) {
    return this.json<Model>('GET', `/models/${id}`)
  }

  /** The workers that are alive. */
  workers() {
    return this.json<WorkerList>('GET', '/workers')
  }

  /** Streams a job's metrics and states, from its start until it has ended. */
  async *follow(id: string): AsyncGenerator<JobStreamEvent> {
    for await (const { event, data } of this.events(`/jobs/${id}/metrics`))
      yield { event, data: JSON.parse(data) } as JobStreamEvent
  }

  /** The data set of an answer, which may be there or still be made. */
  private async made(answer: Response, { onProgress }: MakingOptions): Promise<DatasetManifest> {
    if (answer.status !== 202) return (await answer.json()) as DatasetManifest
    let latest = (await answer.json()) as DatasetImport
    onProgress?.(latest)
    while (latest.finishedAt === null) {
      try {
        for await (const { data } of this.events(`/imports/${latest.id}/events`)) {
          latest = JSON.parse(data) as DatasetImport
          onProgress?.(latest)
        }
      } catch (error) {
        // the server restarts, or a proxy has cut the stream
        if (error instanceof ProblemError && error.problem.status < 500) throw error
      }
      if (latest.finishedAt === null) await sleep(reopenMs)
    }
    if (latest.problem) throw new ProblemError(latest.problem)
    return this.dataset(latest.name ?? latest.dataset!)
  }

  private async *events(path: string): AsyncGenerator<EventSourceMessage> {
    const headers = { accept: 'text/event-stream' }
    const response = await this.request('GET', path, { headers })
    const events: EventSourceMessage[] = []
    const parser = createParser({ onEvent: event => void events.push(event) })
    const decoder = new TextDecoder()
    for await (const chunk of chunksOf(response)) {
      parser.feed(decoder.decode(chunk, { stream: true }))
      yield* events.splice(0)
    }
  }

  private async json<T>(method: string, path: string, init?: RequestInit): Promise<T> {
    return (await (await this.request(method, path, init)).json()) as T
  }

  private async request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const permission: Record<string, string> =
      typeof this.credentials === 'string'
        ? { authorization: `Bearer ${this.credentials}` }
        : // the browser adds the cookie, and the header shows that this page asks
          { 'x-trainyard-session': '1' }
    const headers = { ...init.headers, ...permission }
    const response = await fetch(this.url + path, { ...init, method, headers })
    if (!response.ok) throw new ProblemError(await problemOf(response))
    return response
  }
}

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
