import type { Readiness } from '../spec/readiness.js'
import type { ServerInfo } from '../spec/server-info.js'
import type { DrainMode, Worker, WorkerList } from '../spec/worker.js'
import { type Caller, type CallOptions, withQuery } from './caller.js'

export class ServerCalls {
  constructor(private readonly caller: Caller) {}

  /** What the server is, has and takes. */
  info(options?: CallOptions): Promise<ServerInfo> {
    return this.caller.json<ServerInfo>('GET', '/server', options)
  }

  /** The workers that are alive. */
  workers(options?: CallOptions): Promise<WorkerList> {
    return this.caller.json<WorkerList>('GET', '/workers', options)
  }

  /** Lets a worker take no more jobs. `running`: what becomes of those that it runs; by default they move. */
  drainWorker(id: string, running: DrainMode = 'move', options?: CallOptions): Promise<Worker> {
    const path = withQuery(`/workers/${encodeURIComponent(id)}/drain`, { running })
    return this.caller.json<Worker>('POST', path, options)
  }

  /** Lets a worker take jobs again. */
  resumeWorker(id: string, options?: CallOptions): Promise<Worker> {
    return this.caller.json<Worker>('POST', `/workers/${encodeURIComponent(id)}/resume`, options)
  }

  /** Whether the server answers. Needs no key. */
  health(options?: CallOptions): Promise<{ status: string }> {
    return this.caller.json<{ status: string }>('GET', '/healthz', options)
  }

  /** What a server that is ready has found, part by part; throws NOT_READY if it is not. Needs no key. */
  readiness(
    query: { require?: 'worker' | undefined } = {},
    options?: CallOptions,
  ): Promise<Readiness> {
    return this.caller.json<Readiness>('GET', withQuery('/readyz', query), options)
  }

  /** What the server counts, in the text format of Prometheus. */
  async metrics(options?: CallOptions): Promise<string> {
    return (await this.caller.request('GET', '/metrics', options)).text()
  }
}
