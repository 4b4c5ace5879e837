import type { Static } from 'typebox'
import type { ChangeEvent, ChangesQuery } from '../spec/changes.js'
import type { JobRequest } from '../spec/job.js'
import { AliasCalls } from './alias-calls.js'
import { type Caller, withQuery } from './caller.js'
import { DatasetCalls } from './dataset-calls.js'
import { type FollowOptions, followEvents } from './events.js'
import { HttpCaller } from './http-caller.js'
import { ImportCalls } from './import-calls.js'
import { JobCalls, type SubmitOptions } from './job-calls.js'
import { JobHandle } from './job-handle.js'
import { ModelCalls } from './model-calls.js'
import { PredictionCalls } from './prediction-calls.js'
import { ServerCalls } from './server-calls.js'
import { SessionCalls } from './session-calls.js'
import { UploadCalls } from './upload-calls.js'
import { WebhookCalls } from './webhook-calls.js'
import { WeightsCalls } from './weights-calls.js'

export type { ChangeEvent } from '../spec/changes.js'
export type { DatasetManifest } from '../spec/dataset.js'
export type { DatasetImport } from '../spec/dataset-import.js'
export type { DatasetRequest } from '../spec/dataset-request.js'
export type { Job, JobRequest } from '../spec/job.js'
export type { ModelView } from '../spec/model.js'
export type { Problem } from '../spec/problem.js'
export type { CallOptions } from './caller.js'
export type { Content, UploadFile } from './content.js'
export {
  ConnectionError,
  JobFailedError,
  ProblemError,
  UnexpectedAnswerError,
} from './errors.js'
export type { FollowOptions } from './events.js'
export type { JobProgressEvent, JobStreamEvent } from './job-calls.js'
export type { JobHandle } from './job-handle.js'

/** Types and kinds such as `job.failed` and `model`, and ids of jobs. */
export type ChangesFilter = Pick<Static<typeof ChangesQuery>, 'types' | 'jobs'>

export interface ClientOptions {
  /** Of the server; in a page, it may be a path. By default TRAINYARD_URL or, in Node, that of `npm start`. */
  url?: string | undefined
  /** An API key; by default TRAINYARD_KEY. */
  key?: string | undefined
  /** In a page of the server: the cookie of its session permits the requests, and there is no key. */
  session?: boolean
  /** How long a request waits for an answer; 100 s. Files that are sent have no limit. */
  timeoutMs?: number
  /** How long requests that may be repeated are repeated after errors that pass; 30 s. 0 for never. */
  retryForMs?: number
}

/**
 * Typed client of Trainyard's HTTP API, for Node and for browsers. Calls throw `ProblemError` if the server rejects a
 * request, and `ConnectionError` if it does not answer.
 */
export class Client {
  private readonly caller: Caller
  readonly jobs: JobCalls
  readonly datasets: DatasetCalls
  readonly imports: ImportCalls
  readonly uploads: UploadCalls
  readonly models: ModelCalls
  readonly predictions: PredictionCalls
  readonly aliases: AliasCalls
  readonly weights: WeightsCalls
  readonly webhooks: WebhookCalls
  readonly session: SessionCalls
  readonly server: ServerCalls

  constructor(options: ClientOptions = {}) {
    const caller = new HttpCaller({
      url: urlOf(options),
      permission: permissionOf(options),
      timeoutMs: options.timeoutMs ?? 100_000,
      retryForMs: options.retryForMs ?? 30_000,
    })
    this.caller = caller
    this.jobs = new JobCalls(caller)
    this.imports = new ImportCalls(caller)
    this.uploads = new UploadCalls(caller)
    this.datasets = new DatasetCalls(caller, this.imports, this.uploads)
    this.models = new ModelCalls(caller)
    this.predictions = new PredictionCalls(caller)
    this.aliases = new AliasCalls(caller)
    this.weights = new WeightsCalls(caller)
    this.webhooks = new WebhookCalls(caller)
    this.session = new SessionCalls(caller)
    this.server = new ServerCalls(caller)
  }

  /** Submits a job, and returns what follows it and waits for it. */
  async submit(request: JobRequest, options?: SubmitOptions): Promise<JobHandle> {
    const job = await this.jobs.submit(request, options)
    return new JobHandle(this.jobs, job.id, job)
  }

  /** What follows a job and waits for it. Sends no request. */
  job(id: string): JobHandle {
    return new JobHandle(this.jobs, id)
  }

  /**
   * Yields all changes on the server: jobs and their progress, data sets, models, aliases and weights, until `signal`
   * ends it. After `stream.reset`, read again what you have read: changes may be missing.
   */
  async *events(
    query: ChangesFilter = {},
    options: FollowOptions = {},
  ): AsyncGenerator<ChangeEvent> {
    const path = withQuery('/events', query)
    for await (const { data } of followEvents(this.caller, path, options, {}))
      yield JSON.parse(data) as ChangeEvent
  }
}

const localUrl = 'http://127.0.0.1:8080'

/** Without a slash at the end; in a page it may be a path. */
function urlOf({ url = environment('TRAINYARD_URL') ?? localUrl }: ClientOptions): string {
  if (url !== '' && !/^(https?:\/)?\//.test(url)) {
    throw new TypeError(`'${url}' is no URL of a server; expected one such as ${localUrl}`)
  }
  return url.replace(/\/+$/, '')
}

function permissionOf({ key, session }: ClientOptions): Record<string, string> {
  // the browser adds the cookie, and the header shows that this page asks
  if (session) return { 'x-trainyard-session': '1' }
  const given = key ?? environment('TRAINYARD_KEY')
  if (given === undefined) {
    throw new TypeError(
      "no key: pass { key }, or set TRAINYARD_KEY; 'npm start' prints where it is",
    )
  }
  return { authorization: `Bearer ${given.trim()}` }
}

/** In Node; a browser has no variables. */
const environment = (name: string): string | undefined =>
  (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name] ||
  undefined
