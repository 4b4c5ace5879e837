import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import {
  type Engine,
  EngineRefusal,
  type EngineState,
  lastLines,
  noPrivateNetwork,
  type Submission,
} from './engine.js'

export interface SlurmOptions {
  /** The script for sbatch, which starts the ranks by srun: deploy/slurm/trainyard.sbatch. */
  template: string
  /** Whether nobody else reaches the network of its nodes. */
  hasPrivateNetwork: boolean
  /** What runs `remote-rank` on a node: a program and its arguments. */
  command: readonly string[]
  /** What Slurm's programs need of this worker's environment, such as PATH and SLURM_CONF. */
  environment: NodeJS.ProcessEnv
}

const timeoutMs = 30_000
/** Errors of Slurm that pass. */
const passing = /unable to contact|socket timed out|temporarily|try again|connection refused/i
const waiting = ['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_HOLD', 'RESV_DEL_HOLD']
const running = ['RUNNING', 'COMPLETING', 'SUSPENDED', 'STOPPED', 'SIGNALING', 'STAGE_OUT']

/** Slurm by its own programs. It retries nothing: an attempt that ends is followed by ours. */
export class Slurm implements Engine {
  readonly name = 'Slurm'
  readonly gangProblem: string | null

  constructor(private readonly options: SlurmOptions) {
    this.gangProblem = options.hasPrivateNetwork ? null : noPrivateNetwork(this.name)
  }

  async submit(submission: Submission): Promise<void> {
    const { id, world, cpus, gpus, memoryBytes, environment } = submission
    // names are not unique in Slurm, so an answer that did not arrive must not make a second job
    if ((await this.find(id)) !== null) return
    const memoryPerCpu = memoryBytes === null ? null : Math.ceil(memoryBytes / cpus / 2 ** 20)
    const { template, command } = this.options
    await this.call(
      'sbatch',
      [
        ...['--parsable', '--no-requeue', `--job-name=${id}`, '--export=ALL'],
        ...[`--ntasks=${world}`, `--cpus-per-task=${cpus}`],
        ...(gpus > 0 ? [`--gpus-per-task=${gpus}`] : []),
        ...(memoryPerCpu === null ? [] : [`--mem-per-cpu=${memoryPerCpu}M`]),
        ...[template, ...command],
      ],
      environment,
    )
  }

  async state(id: string): Promise<EngineState> {
    const found = await this.find(id)
    if (found === null) return { kind: 'unknown' }
    const { state, reason } = found
    if (waiting.includes(state)) return { kind: 'waiting', reason }
    if (running.includes(state)) return { kind: 'running' }
    return { kind: 'ended', reason: reason === 'None' ? state : `${state}, ${reason}` }
  }

  async stop(id: string): Promise<void> {
    const found = await this.find(id)
    if (found === null || !(waiting.includes(found.state) || running.includes(found.state))) return
    await this.call('scancel', [found.number])
  }

  /** From the file of the job's output, if this machine sees it. */
  async logs(id: string): Promise<string[]> {
    const found = await this.find(id)
    if (found === null) return []
    const described = await this.call('scontrol', ['show', 'job', found.number])
    const file = /^\s*StdOut=(.+)$/m.exec(described)?.[1]
    return file ? lastLines(await readFile(file, 'utf8')) : []
  }

  /** Slurm forgets jobs some minutes after their end (MinJobAge). */
  private async find(id: string) {
    const format = '--format=%i|%T|%r'
    const args = ['--noheader', '--states=all', `--name=${id}`, '--sort=i', format]
    const line = lastLines(await this.call('squeue', args)).at(-1)
    if (line === undefined) return null
    const [number, state, reason] = line.split('|')
    return { number: number!, state: state!, reason: reason! }
  }

  private async call(
    program: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const env = { ...this.options.environment, ...environment }
    try {
      return (await promisify(execFile)(program, args, { env, timeout: timeoutMs })).stdout
    } catch (error) {
      const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string }
      if (code === 'ENOENT')
        throw new EngineRefusal(`there is no ${program} on the worker's machine`)
      const reason = lastLines(stderr ?? '').at(-1) ?? (error as Error).message
      throw passing.test(reason) ? new Error(reason) : new EngineRefusal(reason)
    }
  }
}
