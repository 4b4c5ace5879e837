import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { BenchError } from './failure.js'
import type { Ready } from './subject-protocol.js'

export interface Program {
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
}

export type StartedSubject<R extends Ready> = R & { firstStepSeconds: number }

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A process that works when it is asked to, and sleeps between. */
export class Subject {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #since = performance.now()
  #stderr = ''

  constructor({ command, args, env }: Program) {
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'pipe' })
    running.add(this.#child)
    this.#child.on('error', ({ message }) => this.#appendStderr(message))
    this.#child.on('close', () => running.delete(this.#child))
    // one that has ended cannot be written to; its silence says so
    this.#child.stdin!.on('error', () => {})
    this.#child.stderr!.setEncoding('utf8').on('data', text => this.#appendStderr(text))
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
  }

  /** From the start of the process to the end of its first step. */
  async prepare<R extends Ready>(request: object): Promise<StartedSubject<R>> {
    const { ready } = await this.#request<{ ready: R }>({ prepare: request })
    return { ...ready, firstStepSeconds: (performance.now() - this.#since) / 1000 }
  }

  async steps(count: number): Promise<number[]> {
    return (await this.#request<{ ms: number[] }>({ steps: count })).ms
  }

  async end(): Promise<number> {
    const { peakRssMb } = await this.#request<{ peakRssMb: number }>({ end: true })
    this.kill()
    return peakRssMb
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #request<Answer>(question: object): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await this.#lines.next()
    if (!done) return JSON.parse(value) as Answer
    // its last words may still be on the way
    if (running.has(this.#child)) await new Promise(resolve => this.#child.on('close', resolve))
    throw new BenchError(failureMessage(this.#stderr) || 'it ended and said nothing')
  }

  #appendStderr(text: string) {
    this.#stderr = (this.#stderr + text).slice(-8000)
  }
}

/** A subject's own word on what it cannot do, else the last line: of a Python trace, the error. */
function failureMessage(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return lines.findLast(line => line.startsWith('bench: '))?.slice(7) ?? lines.at(-1)!.trim()
}
