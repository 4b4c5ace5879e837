// The API as a stubborn client uses it: whatever fails for want of a server is tried again.

import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import { Client, type Followed, ProblemError } from '../src/client/client.js'
import type { Checkpoint } from '../src/spec/checkpoint.js'
import type { Job, JobRequest } from '../src/spec/job.js'
import type { Predictions } from '../src/spec/model.js'
import type { Page } from '../src/spec/paging.js'

const answerWithinMs = 20_000
/** The server says `still here` more often than that. */
const silenceMs = 40_000
const pauseMs = 250

export interface Refusal {
  path: string
  status: number
  text: string
}

export class Api {
  readonly client: Client
  /** Answers of 500 and above that are not 503: no outage excuses them. */
  readonly faults: Refusal[] = []

  constructor(
    private readonly url: string,
    private readonly key: string,
    private readonly over: AbortSignal,
  ) {
    this.client = new Client(url, key)
    // every pause of every client listens
    setMaxListeners(0, over)
  }

  get<T>(path: string): Promise<T> {
    return this.insist('GET', path)
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

  /** Once, however often it has to be sent: the job's name is the key. */
  submit(request: JobRequest): Promise<Job> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': request.name! }
    return this.insist('POST', '/jobs', { headers, body: JSON.stringify(request) })
  }

  /** As one text. */
  async predict(model: string, instances: unknown[]): Promise<string> {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ instances })
    const path = `/models/${model}/predict`
    const answer = await this.insist<Predictions>('POST', path, { headers, body })
    return JSON.stringify(answer.predictions)
  }

  /** False where the job had ended before. */
  async act(id: string, verb: 'cancel' | 'pause' | 'resume'): Promise<boolean> {
    const answer = await this.insist<{ code?: string }>('POST', `/jobs/${id}/${verb}`, {}, [409])
    return answer.code === undefined
  }

  /** Everything that a follower is sent until the job ends; a broken stream is taken up behind its last id. */
  async *follow(id: string): AsyncGenerator<Followed & { id: string }> {
    let last: string | undefined
    for (;;) {
      try {
        for await (const heard of this.stream(id, last)) {
          last = heard.id
          yield heard
          if (heard.event === 'job' && heard.data.finishedAt !== null) return
        }
      } catch (error) {
        if (this.over.aborted) throw error
        if (error instanceof ProblemError) throw error
      }
      await sleep(pauseMs, undefined, { signal: this.over })
    }
  }

  private async *stream(id: string, after: string | undefined) {
    const quiet = new AbortController()
    const timer = setTimeout(() => quiet.abort(), silenceMs)
    try {
      const answer = await fetch(`${this.url}/jobs/${id}/metrics`, {
        headers: {
          authorization: `Bearer ${this.key}`,
          accept: 'text/event-stream',
          ...(after !== undefined && { 'last-event-id': after }),
        },
        signal: AbortSignal.any([quiet.signal, this.over]),
      })
      if (!answer.ok) {
        const text = await answer.text()
        if (answer.status < 500) throw new ProblemError(JSON.parse(text))
        this.note(`/jobs/${id}/metrics`, answer.status, text)
        return
      }
      const heard: (Followed & { id: string })[] = []
      const parser = createParser({
        onEvent: ({ id = '', event, data }) => {
          heard.push({ id, event, data: JSON.parse(data) } as Followed & { id: string })
        },
      })
      const text = new TextDecoder()
      for await (const chunk of answer.body ?? []) {
        timer.refresh()
        parser.feed(text.decode(chunk as Uint8Array, { stream: true }))
        yield* heard.splice(0)
      }
    } finally {
      clearTimeout(timer)
      quiet.abort()
    }
  }

  private async insist<T>(
    method: string,
    path: string,
    init: RequestInit = {},
    welcome: readonly number[] = [],
  ): Promise<T> {
    const headers = { ...init.headers, authorization: `Bearer ${this.key}` }
    for (; ; await sleep(pauseMs, undefined, { signal: this.over })) {
      let answer: Response
      let text: string
      try {
        const signal = AbortSignal.any([this.over, AbortSignal.timeout(answerWithinMs)])
        answer = await fetch(this.url + path, { ...init, method, headers, signal })
        text = await answer.text()
      } catch (error) {
        if (this.over.aborted) throw error
        continue
      }
      if (answer.ok || welcome.includes(answer.status)) return JSON.parse(text) as T
      if (answer.status < 500) throw new ProblemError(JSON.parse(text))
      this.note(path, answer.status, text)
    }
  }

  private note(path: string, status: number, text: string): void {
    if (status >= 500 && status !== 503)
      this.faults.push({ path, status, text: text.slice(0, 300) })
  }
}
