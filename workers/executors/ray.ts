import { readFile } from 'node:fs/promises'
import {
  type Engine,
  EngineRefusal,
  type EngineState,
  lastLines,
  noPrivateNetwork,
  type Submission,
} from './engine.js'
import { type JsonAnswer, requestJson } from './json-request.js'
import { rayGangProgram } from './ray-gang.js'

export interface RayOptions {
  /** Of the dashboard, which has the Jobs API: `http://head:8265`. */
  url: string
  /** Read at each request: it may be replaced. */
  tokenFile: string | null
  /** Whether nobody else reaches the network of its nodes. */
  hasPrivateNetwork: boolean
  /** What runs `remote-rank` on a node: a program and its arguments. */
  command: readonly string[]
}

interface RayJob {
  status: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'STOPPED'
  message?: string | null
}

/** Ray's Jobs API (2.60). Ray retries nothing: an attempt that ends is followed by ours. */
export class Ray implements Engine {
  readonly name = 'Ray'
  readonly gangProblem: string | null

  constructor(private readonly options: RayOptions) {
    this.gangProblem = options.hasPrivateNetwork ? null : noPrivateNetwork(this.name)
  }

  async submit(submission: Submission): Promise<void> {
    const { id, job, attempt, world, cpus, gpus, memoryBytes, environment } = submission
    // a gang's own program asks for the places of its ranks
    const needs = world > 1 ? {} : resources(cpus, gpus, memoryBytes)
    const answer = await this.request('', {
      method: 'POST',
      body: {
        submission_id: id,
        entrypoint: this.entrypoint(submission),
        runtime_env: {
          env_vars: { ...environment, ...(world === 1 && { TRAINYARD_RANK: '0' }) },
        },
        metadata: { name: id, trainyard_job: job, trainyard_attempt: String(attempt) },
        ...needs,
      },
    })
    if (answer.status === 200) return
    // it was given before, and the answer did not arrive
    if (answer.text.includes('already exists')) return
    const reason = describe(answer)
    throw answer.status < 500 ? new EngineRefusal(reason) : new Error(reason)
  }

  async state(id: string): Promise<EngineState> {
    const answer = await this.request(id)
    if (answer.status === 404) return { kind: 'unknown' }
    if (answer.status !== 200) throw new Error(describe(answer))
    const { status, message } = answer.json as RayJob
    if (status === 'RUNNING') return { kind: 'running' }
    if (status === 'PENDING') return { kind: 'waiting', reason: firstSentence(message) }
    return { kind: 'ended', reason: `${status}${message ? `, ${firstSentence(message)}` : ''}` }
  }

  async stop(id: string): Promise<void> {
    const answer = await this.request(`${id}/stop`, { method: 'POST' })
    if (answer.status !== 200 && answer.status !== 404) throw new Error(describe(answer))
  }

  async logs(id: string): Promise<string[]> {
    const answer = await this.request(`${id}/logs`)
    if (answer.status !== 200) throw new Error(describe(answer))
    return lastLines((answer.json as { logs: string }).logs)
  }

  private entrypoint({ world, cpus, gpus, memoryBytes }: Submission): string {
    const { command } = this.options
    // Ray gives it to a shell
    const quoted = command.map(quote).join(' ')
    if (world === 1) return `exec ${quoted}`
    const needs = [world, cpus, gpus, memoryBytes ?? 0].join(' ')
    return `exec python3 -c ${quote(rayGangProgram)} ${needs} ${quoted}`
  }

  private async request(
    path: string,
    options: { method?: string; body?: unknown } = {},
  ): Promise<JsonAnswer> {
    const { url, tokenFile } = this.options
    const token = tokenFile === null ? undefined : (await readFile(tokenFile, 'utf8')).trim()
    return requestJson(new URL(`api/jobs/${path}`, url.endsWith('/') ? url : `${url}/`), {
      ...options,
      ...(token && { token }),
    })
  }
}

const resources = (cpus: number, gpus: number, memoryBytes: number | null) => ({
  entrypoint_num_cpus: cpus,
  entrypoint_num_gpus: gpus,
  ...(memoryBytes !== null && { entrypoint_memory: memoryBytes }),
})

export const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** Ray explains at length, with the same figures each time. */
const firstSentence = (text: string | null | undefined): string =>
  (text ?? '').split(/\n|\. /)[0]!.slice(0, 300)

/** Ray answers errors with a traceback, whose last line says what is wrong. */
const describe = ({ status, text }: JsonAnswer) =>
  `HTTP ${status}: ${lastLines(text).at(-1)?.slice(0, 300) ?? 'no text'}`
