import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import { Client, type JobStreamEvent, ProblemError } from '../src/client/client.js'
import type { Checkpoint } from '../src/spec/checkpoint.js'
import type { Job, JobRequest } from '../src/spec/job.js'
import type { Predictions } from '../src/spec/model.js'
import type { Page } from '../src/spec/paging.js'
import { eventually } from '../testing/eventually.js'

const requestTimeoutMs = 20_000
/** How long a request is retried before the client gives up. */
const retryTimeoutMs = 300_000
/** Longer than the interval of the server's keep-alive comments. */
const streamIdleTimeoutMs = 40_000
const retryDelayMs = 250

export interface ServerError {
  path: string
  status: number
  text: string
}

/**
 * An HTTP client that retries requests while the server is down: after connection errors, timeouts and
 * responses of 500 and above.
 */
export class RetryingClient {
  readonly client: Client
  /** Responses of 500 and above other than 503, which even an outage does not excuse. */
  readonly serverErrors: ServerError[] = []

  constructor(
    private readonly url: string,
    private readonly key: string,
    private readonly abortSignal: AbortSignal,
  ) {
    this.client = new Client({ url, key, retryForMs: 0 })
    // each pending request and pause adds a listener
    setMaxListeners(0, abortSignal)
  }

  get<T>(path: string): Promise<T> {
    return this.requestWithRetry('GET', path)
  }

  job(id: string): Promise<Job> {
    return this.get(`/jobs/${id}`)
  }

  async jobs(): Promise<Job[]> {
    const all: Job[] = []
    for (let cursor = ''; ; ) {
      const page = await this.get<Page<Job>>(`/jobs?limit=100${cursor && `&cursor=${cursor}`}`)
      all.push(...page.items)
      if (page.nextCursor === null) return all
      cursor = page.nextCursor
    }
  }

  async checkpoints(id: string): Promise<Checkpoint[]> {
    return (await this.get<{ items: Checkpoint[] }>(`/jobs/${id}/checkpoints`)).items
  }

  /** Submits a job once, however often the request is sent: the job's name is the idempotency key. */
  submit(request: JobRequest): Promise<Job> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': request.name! }
    return this.requestWithRetry('POST', '/jobs', { headers, body: JSON.stringify(request) })
  }

  /** Returns the predictions as JSON. */
  async predict(model: string, instances: unknown[]): Promise<string> {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ instances })
    const path = `/models/${model}/predict`
    const answer = await this.requestWithRetry<Predictions>('POST', path, { headers, body })
    return JSON.stringify(answer.predictions)
  }

  /** Returns false if the job had already ended (409). */
  async act(id: string, verb: 'cancel' | 'pause' | 'resume'): Promise<boolean> {
    const answer = await this.requestWithRetry<{ code?: string }>(
      'POST',
      `/jobs/${id}/${verb}`,
      {},
      [409],
    )
    return answer.code === undefined
  }

  /** Polls a job until it ends. */
  waitForEnd(id: string, timeoutMs: number, intervalMs = 100): Promise<Job> {
    const endedJob = async () => {
      const job = await this.job(id)
      return job.finishedAt !== null && job
    }
    return eventually(`${id} to end`, endedJob, { timeoutMs, intervalMs })
  }

  /** Yields the events of a job until it ends. After a broken connection it resumes after the last id. */
  async *follow(id: string): AsyncGenerator<JobStreamEvent & { id: string }> {
    let last: string | undefined
    for (;;) {
      try {
        for await (const message of this.stream(id, last)) {
          last = message.id
          yield message
          if (message.event === 'job' && message.data.finishedAt !== null) return
        }
      } catch (error) {
        this.abortSignal.throwIfAborted()
        if (error instanceof ProblemError) throw error
      }
      await this.pause()
    }
  }

  private async *stream(id: string, after: string | undefined) {
    const idleTimeout = new AbortController()
    const timer = setTimeout(() => idleTimeout.abort(), streamIdleTimeoutMs)
    try {
      const answer = await fetch(`${this.url}/jobs/${id}/metrics`, {
        headers: {
          authorization: `Bearer ${this.key}`,
          accept: 'text/event-stream',
          ...(after !== undefined && { 'last-event-id': after }),
        },
        signal: AbortSignal.any([idleTimeout.signal, this.abortSignal]),
      })
      if (!answer.ok) {
        const text = await answer.text()
        if (answer.status < 500) throw new ProblemError(JSON.parse(text))
        this.recordServerError(`/jobs/${id}/metrics`, answer.status, text)
        return
      }
      const messages: (JobStreamEvent & { id: string })[] = []
      const parser = createParser({
        onEvent: ({ id = '', event, data }) => {
          messages.push({ id, event, data: JSON.parse(data) } as JobStreamEvent & { id: string })
        },
      })
      const text = new TextDecoder()
      for await (const chunk of answer.body ?? []) {
        timer.refresh()
        parser.feed(text.decode(chunk as Uint8Array, { stream: true }))
        yield* messages.splice(0)
      }
    } finally {
      clearTimeout(timer)
      idleTimeout.abort()
    }
  }

  private async requestWithRetry<T>(
    method: string,
    path: string,
    init: RequestInit = {},
    acceptedStatuses: readonly number[] = [],
  ): Promise<T> {
    const headers = { ...init.headers, authorization: `Bearer ${this.key}` }
    const since = performance.now()
    let failure = ''
    for (; performance.now() - since < retryTimeoutMs; await this.pause()) {
      let answer: Response
      let text: string
      try {
        const signal = AbortSignal.any([this.abortSignal, AbortSignal.timeout(requestTimeoutMs)])
        answer = await fetch(this.url + path, { ...init, method, headers, signal })
        text = await answer.text()
      } catch (error) {
        this.abortSignal.throwIfAborted()
        failure = `${error}`
        continue
      }
      if (answer.ok || acceptedStatuses.includes(answer.status)) return JSON.parse(text) as T
      if (answer.status < 500) throw new ProblemError(JSON.parse(text))
      this.recordServerError(path, answer.status, text)
      failure = `${answer.status} ${text}`
    }
    throw new Error(`${method} ${path} failed for ${retryTimeoutMs / 1000} s: ${failure}`)
  }

  /** Waits before a retry; throws the signal's reason once it is aborted. */
  private async pause(): Promise<void> {
    await sleep(retryDelayMs, undefined, { signal: this.abortSignal }).catch(() => {})
    this.abortSignal.throwIfAborted()
  }

  private recordServerError(path: string, status: number, text: string): void {
    if (status >= 500 && status !== 503)
      this.serverErrors.push({ path, status, text: text.slice(0, 300) })
  }
}
