import { createParser } from 'eventsource-parser'
import type { DatasetManifest } from '../spec/dataset.js'
import type { Job, JobRequest } from '../spec/job.js'
import type { LogPage } from '../spec/job-log.js'
import type { CancelledJobs, JobPlan, JobSelection } from '../spec/job-queries.js'
import type { LoggedRow, MetricsPage } from '../spec/metrics.js'
import type { Model, Predictions, RowPredictions } from '../spec/model.js'
import type { Page } from '../spec/paging.js'
import type { Problem } from '../spec/problem.js'

export type JobStreamEvent = { event: 'metrics'; data: LoggedRow } | { event: 'job'; data: Job }

/** A response that is not 2xx. `problem` has the server's code and message. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.detail} (${problem.code})`)
    this.name = 'ProblemError'
  }
}

/** Typed client of Trainyard's HTTP API. Methods throw `ProblemError` if the server rejects a request. */
export class Client {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  uploadDataset(name: string, files: readonly { name: string; content: Blob }[]) {
    const form = new FormData()
    form.set('name', name)
    for (const file of files) form.append('files', file.content, file.name)
    return this.json<DatasetManifest>('POST', '/datasets', { body: form })
  }

  /** If two submissions have the same key, the second returns the job of the first. */
  submit(request: JobRequest, { idempotencyKey }: { idempotencyKey?: string } = {}) {
    const { headers, body } = jsonBody(request)
    const key = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }
    return this.json<Job>('POST', '/jobs', { headers: { ...headers, ...key }, body })
  }

  /** Plans a job without creating it. */
  preview(request: JobRequest) {
    return this.json<JobPlan>('POST', '/jobs?dryRun=true', jsonBody(request))
  }

  job(id: string) {
    return this.json<Job>('GET', `/jobs/${id}`)
  }

  /** Newest first. To repeat a parameter, such as `label`, pass pairs. */
  jobs(query: Record<string, string> | [string, string][] = {}) {
    return this.json<Page<Job>>('GET', `/jobs?${new URLSearchParams(query)}`)
  }

  act(id: string, verb: 'pause' | 'resume' | 'cancel' | 'retry') {
    return this.json<Job>('POST', `/jobs/${id}/${verb}`)
  }

  /** Cancels all jobs that match the conditions. */
  cancelJobs(selection: JobSelection) {
    return this.json<CancelledJobs>('POST', '/jobs/cancel', jsonBody(selection))
  }

  metrics(id: string, query: Record<string, string> = {}) {
    return this.json<MetricsPage>('GET', `/jobs/${id}/metrics?${new URLSearchParams(query)}`)
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

  /** Streams a job's metrics and states, from its start until it has ended. */
  async *follow(id: string): AsyncGenerator<JobStreamEvent> {
    const headers = { accept: 'text/event-stream' }
    const response = await this.request('GET', `/jobs/${id}/metrics`, { headers })
    const events: JobStreamEvent[] = []
    const parser = createParser({
      onEvent: ({ event, data }) => {
        events.push({ event, data: JSON.parse(data) } as JobStreamEvent)
      },
    })
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }))
      yield* events.splice(0)
    }
  }

  private async json<T>(method: string, path: string, init?: RequestInit): Promise<T> {
    return (await (await this.request(method, path, init)).json()) as T
  }

  private async request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, authorization: `Bearer ${this.key}` }
    const response = await fetch(this.url + path, { ...init, method, headers })
    if (!response.ok) throw new ProblemError((await response.json()) as Problem)
    return response
  }
}

const jsonBody = (value: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})
