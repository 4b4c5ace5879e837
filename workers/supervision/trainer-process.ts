import { type ChildProcess, fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { killIfStopped, maxStoppedMs } from '../../src/ipc/stopped-child.js'
import { ownProcessId } from '../../src/processes.js'
import type {
  FromTrainer,
  StopReason,
  ToTrainer,
  TrainerError,
  TrainerTask,
} from '../../src/spec/ipc-messages.js'
import { LivenessMonitor } from './liveness-monitor.js'

/**
 * A trainer that does not stop within this time is killed, and the next attempt repeats the steps since
 * the last checkpoint. The limits allow for a long step; a cancelled job needs no checkpoint.
 */
const stopTimeoutMs: Record<StopReason, number> = { cancel: 7000, drain: 10_000, pause: 60_000 }
const maxTailLines = 20

export interface TrainerLaunchOptions {
  script: string
  environment: NodeJS.ProcessEnv
  /** Index of the GPU that the environment assigns; null without one. */
  gpu: number | null
}

export interface TrainerExit {
  code: number | null
  signal: NodeJS.Signals | null
  /** The last lines that the trainer printed. */
  outputTail: readonly string[]
  /** The error that the trainer reported before it ended. */
  error: TrainerError | null
  /** Why its worker killed it, beside a request; null if it did not. */
  killReason: KillReason | null
}

/**
 * `stopped`: it got SIGSTOP. `silent`: it did nothing, or nothing of use, for too long. `request`:
 * it did not stop in time when it was asked to, or its job is no longer this worker's.
 */
export interface KillReason {
  kind: 'stopped' | 'silent' | 'request'
  text: string
}

export interface TrainerListener {
  onMessage(message: FromTrainer): void
  onLine(line: string): void
}

/** The worker's side of one trainer process: heartbeat, messages and exit. The trainer is idle until `start`. */
export class TrainerProcess {
  readonly exit: Promise<TrainerExit>
  private readonly child: ChildProcess
  private readonly tailLines: string[] = []
  private error: TrainerError | null = null
  private killReason: KillReason | null = null
  private listener: TrainerListener | null = null
  private readonly livenessMonitor: LivenessMonitor
  private heartbeatTimer: NodeJS.Timeout | undefined

  /** `urgent`: a job waits for this trainer, so its engine loads at full priority. */
  constructor({ script, environment }: TrainerLaunchOptions, urgent: boolean) {
    // orphan-recovery.ts finds a dead worker's trainers by this argument
    this.child = fork(script, [ownProcessId], {
      env: environment,
      serialization: 'advanced',
      // its own process group: Ctrl-C reaches the supervisor alone, which stops all in order
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    if (!urgent) lowerPriority(this.child)
    killIfStopped(this.child, () =>
      this.recordKill('stopped', `stopped (SIGSTOP) for ${maxStoppedMs / 1000} s`),
    )
    this.livenessMonitor = new LivenessMonitor(this.child.pid)
    this.child.on('message', (message: FromTrainer) => {
      this.livenessMonitor.recordMessage()
      if (message.type === 'error') this.error = message
      if (message.type === 'ready' && urgent) lowerPriority(this.child)
      this.listener?.onMessage(message)
    })
    for (const output of [this.child.stdout, this.child.stderr]) {
      if (output) createInterface(output).on('line', line => this.recordLine(line))
    }
    this.exit = new Promise(resolve => {
      const onEnd = (code: number | null, signal: NodeJS.Signals | null) => {
        clearInterval(this.heartbeatTimer)
        const { tailLines: outputTail, error, killReason } = this
        resolve({ code, signal, outputTail, error, killReason })
      }
      this.child.on('error', error => {
        this.recordLine(error.message)
        onEnd(null, null)
      })
      this.child.on('close', onEnd)
    })
  }

  /** Undefined if the process could not be started. */
  get pid(): number | undefined {
    return this.child.pid
  }

  /** Also passes on the last lines printed before this call. */
  listen(listener: TrainerListener): void {
    this.listener = listener
    for (const line of this.tailLines) listener.onLine(line)
  }

  start(task: TrainerTask): void {
    this.send({ type: 'start', task })
    this.heartbeatTimer = setInterval(() => {
      this.send({ type: 'lease' })
      const problem = this.livenessMonitor.check()
      if (problem === null) return
      this.recordKill('silent', problem)
      this.child.kill('SIGKILL')
    }, LivenessMonitor.checkIntervalMs)
    void this.exit.then(() => clearInterval(this.heartbeatTimer))
  }

  grantMemory(): void {
    this.send({ type: 'memoryGranted' })
  }

  stop(reason: StopReason): void {
    this.send({ type: 'stop', reason })
    const text = `asked to ${reason} and did not within ${stopTimeoutMs[reason] / 1000} s`
    const timer = setTimeout(() => this.kill(text), stopTimeoutMs[reason])
    void this.exit.then(() => clearTimeout(timer))
  }

  kill(reason = 'no longer needed'): void {
    this.killReason = { kind: 'request', text: reason }
    this.child.kill('SIGKILL')
  }

  private send(message: ToTrainer): void {
    // a send fails if the child is exiting; `exit` reports that
    if (this.child.connected) this.child.send(message, () => {})
  }

  private recordKill(kind: KillReason['kind'], text: string): void {
    this.killReason = { kind, text }
    this.listener?.onLine(`the trainer was ${text}: its worker kills it`)
  }

  private recordLine(line: string): void {
    this.tailLines.push(line)
    if (this.tailLines.length > maxTailLines) this.tailLines.shift()
    this.listener?.onLine(line)
  }
}

/** Training uses all the cores it can; the API and Redis take precedence. */
function lowerPriority({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // the process has already ended, or the system forbids it: train at normal priority
  }
}
