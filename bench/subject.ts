import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { within } from '../testing/eventually.js'
import { BenchError } from './failure.js'
import { processorMs } from './processor-time.js'
import type { Ready } from './subject-protocol.js'

export interface Program {
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
}

export type StartedSubject<R extends Ready> = R & { firstStepSeconds: number }

/** A first step may compile a network for minutes. */
const responseTimeoutMs = 30 * 60_000
const exitTimeoutMs = 60_000

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** The bench's side of the protocol of bench/subject-protocol.ts: a process that runs steps on request. */
export class Subject {
  private readonly child: ChildProcess
  private readonly lines: AsyncIterator<string>
  private readonly since = performance.now()
  private stderr = ''

  constructor({ command, args, env }: Program) {
    this.child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'pipe' })
    running.add(this.child)
    this.child.on('error', ({ message }) => this.appendStderr(message))
    this.child.on('close', () => running.delete(this.child))
    // the missing response reports that the process has exited
    this.child.stdin!.on('error', () => {})
    this.child.stderr!.setEncoding('utf8').on('data', text => this.appendStderr(text))
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]()
  }

  /** Runs the first step. `firstStepSeconds` counts from the start of the process. */
  async prepare<R extends Ready>(request: object): Promise<StartedSubject<R>> {
    const { ready } = await this.request<{ ready: R }>({ prepare: request })
    return { ...ready, firstStepSeconds: (performance.now() - this.since) / 1000 }
  }

  async steps(count: number): Promise<number[]> {
    return (await this.request<{ ms: number[] }>({ steps: count })).ms
  }

  /** Milliseconds of processor time that it has used; null where they are not known. */
  processorMs(): number | null {
    return this.child.pid === undefined ? null : processorMs(this.child.pid)
  }

  /** Ends the process; resolves with its peak memory in MiB. */
  async end(): Promise<number> {
    const { peakRssMb } = await this.request<{ peakRssMb: number }>({ end: true })
    this.kill()
    return peakRssMb
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  private async request<Answer>(question: object): Promise<Answer> {
    this.child.stdin!.write(`${JSON.stringify(question)}\n`)
    const what = `a response to ${Object.keys(question)}`
    const { value, done } = await within(what, this.lines.next(), {
      timeoutMs: responseTimeoutMs,
    }).catch((error: Error) => {
      throw new BenchError(error.message)
    })
    if (!done) return JSON.parse(value) as Answer
    // the rest of its stderr may still arrive
    if (running.has(this.child)) {
      const closed = once(this.child, 'close')
      await within('the exit of a subject that closed its stdout', closed, {
        timeoutMs: exitTimeoutMs,
      })
    }
    throw new BenchError(failureMessage(this.stderr) || 'it exited without a message')
  }

  private appendStderr(text: string) {
    this.stderr = (this.stderr + text).slice(-8000)
  }
}

/** The last line that starts with 'bench: ', or the last line, which in a Python trace is the error. */
function failureMessage(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return lines.findLast(line => line.startsWith('bench: '))?.slice(7) ?? lines.at(-1)!.trim()
}
