import { type ChildProcess, spawn } from 'node:child_process'
import { scriptPath } from '../../../src/places.js'
import {
  type Engine,
  type EngineState,
  lastLines,
  type Submission,
} from '../../../workers/executors/engine.js'

/** An engine whose nodes are processes of this machine: real relays and trainers, and nothing else that can fail. */
export class ProcessEngine implements Engine {
  readonly name = 'Processes'
  readonly gangProblem = null
  /** Calls of `submit` that were taken, by id. */
  readonly submitted: string[] = []
  readonly submissions: Submission[] = []
  readonly stopped: string[] = []
  /** Thrown by the next `submit`. */
  problem: Error | null = null
  /** Submissions wait while it is true. */
  isFull = false
  /** Runs instead of a relay. */
  command: readonly string[] = [process.execPath, scriptPath('workers/remote-rank')]
  private readonly processes = new Map<string, ChildProcess[]>()
  private readonly output = new Map<string, string>()

  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  async submit(submission: Submission): Promise<void> {
    const { problem } = this
    this.problem = null
    if (problem) throw problem
    if (this.submitted.includes(submission.id)) return
    this.submitted.push(submission.id)
    this.submissions.push(submission)
    if (!this.isFull) this.start(submission)
  }

  /** Starts the ranks, perhaps not for the first time. */
  start({ id, world, environment }: Submission): void {
    const [program, ...args] = this.command
    for (let rank = 0; rank < world; rank++) {
      const env = { ...this.environment, ...environment, TRAINYARD_RANK: String(rank) }
      const child = spawn(program!, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', data => this.output.set(id, (this.output.get(id) ?? '') + data))
      this.processes.set(id, [...(this.processes.get(id) ?? []), child])
    }
  }

  async state(id: string): Promise<EngineState> {
    if (!this.submitted.includes(id)) return { kind: 'unknown' }
    const children = this.processes.get(id)
    if (!children) return { kind: 'waiting', reason: 'no node is free' }
    const isEnded = children.every(each => each.exitCode !== null || each.signalCode !== null)
    if (!isEnded) return { kind: 'running' }
    const codes = children.map(({ exitCode, signalCode }) => exitCode ?? signalCode)
    return { kind: 'ended', reason: `exit ${codes.join(', ')}` }
  }

  async stop(id: string): Promise<void> {
    this.stopped.push(id)
    for (const child of this.processes.get(id) ?? []) child.kill('SIGTERM')
  }

  async logs(id: string): Promise<string[]> {
    return lastLines(this.output.get(id) ?? '')
  }

  /** The relays of the last submission that was started. */
  get relays(): ChildProcess[] {
    return [...this.processes.values()].at(-1) ?? []
  }

  get lastOutput(): string {
    return this.output.get(this.submitted.at(-1) ?? '') ?? ''
  }

  close(): void {
    for (const child of [...this.processes.values()].flat()) child.kill('SIGKILL')
  }
}
