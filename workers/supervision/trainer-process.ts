import type { ProcessUsage } from '../../src/processes.js'
import type {
  FromTrainer,
  StopReason,
  ToTrainer,
  TrainerError,
  TrainerTask,
} from '../../src/spec/ipc-messages.js'
import type {
  Executor,
  Gang,
  RankListener,
  RankProcess,
  SlotResources,
} from '../executors/executor.js'
import { LivenessMonitor } from './liveness-monitor.js'

/**
 * A trainer that does not stop within this time is killed, and the next attempt repeats the steps since
 * the last checkpoint. The limits allow for a long step; a cancelled job needs no checkpoint.
 */
const stopTimeoutMs: Record<StopReason, number> = {
  cancel: 7000,
  drain: 10_000,
  move: 60_000,
  pause: 60_000,
}
const maxTailLines = 20

export interface TrainerExit {
  code: number | null
  signal: NodeJS.Signals | null
  /** Why it counts as ended although nobody saw its end; null if its end was seen. */
  lost: string | null
  /** Of a gang: the rank whose end this is. */
  rank?: number
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

/**
 * The worker's side of one trainer: lease, messages and exit, whatever executor runs it. The trainer is idle until
 * `start`.
 */
export class TrainerProcess {
  readonly exit: Promise<TrainerExit>
  private process!: RankProcess
  private readonly rankListener: RankListener
  private readonly tailLines: string[] = []
  private error: TrainerError | null = null
  private killReason: KillReason | null = null
  private listener: TrainerListener | null = null
  private readonly livenessMonitor = new LivenessMonitor(() => this.process.usage())
  private heartbeatTimer: NodeJS.Timeout | undefined

  private constructor(urgent: boolean) {
    let resolveExit: (exit: TrainerExit) => void
    this.exit = new Promise(resolve => {
      resolveExit = resolve
    })
    this.rankListener = {
      onMessage: message => {
        this.livenessMonitor.recordMessage()
        if (message.type === 'error') this.error = message
        if (message.type === 'ready' && urgent) this.process.lowerPriority()
        this.listener?.onMessage(message)
      },
      onLine: line => this.recordLine(line),
      onStopped: text => this.recordKill('stopped', text),
      onEnd: end => {
        clearInterval(this.heartbeatTimer)
        const { tailLines: outputTail, error, killReason } = this
        resolveExit({ ...end, outputTail, error, killReason })
      },
    }
  }

  /** A trainer without a task. `urgent`: a job may come soon, so its engine loads at full priority. */
  static spare(launch: (listener: RankListener) => RankProcess, urgent: boolean): TrainerProcess {
    const trainer = new TrainerProcess(urgent)
    trainer.process = launch(trainer.rankListener)
    if (!urgent) trainer.process.lowerPriority()
    return trainer
  }

  /** The trainers of an attempt, by rank. */
  static gang(executor: Executor, gang: Gang, slot: SlotResources): TrainerProcess[] {
    const trainers = Array.from({ length: gang.world }, () => new TrainerProcess(true))
    const listeners = trainers.map(({ rankListener }) => rankListener)
    const ranks = executor.place(gang, slot, listeners)
    for (const [rank, trainer] of trainers.entries()) trainer.process = ranks[rank]!
    return trainers
  }

  /** What it has used; null if that is not known. */
  usage(): ProcessUsage | null {
    return this.process.usage()
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
      const problem = this.process.isWaiting ? null : this.livenessMonitor.check()
      if (problem === null) return
      this.recordKill('silent', problem)
      this.process.kill()
    }, LivenessMonitor.checkIntervalMs)
    void this.exit.then(() => clearInterval(this.heartbeatTimer))
  }

  grantMemory(): void {
    this.send({ type: 'memoryGranted' })
  }

  /** Tells a rank of a gang where rank 0 waits for it. */
  tellLeader(address: string): void {
    this.send({ type: 'leader', address })
  }

  /** Tells a rank of a gang what all have said. */
  tellGathered(values: string[]): void {
    this.send({ type: 'gathered', values })
  }

  stop(reason: StopReason): void {
    if (this.process.isWaiting) {
      this.kill(`asked to ${reason} before it began`)
      return
    }
    this.send({ type: 'stop', reason })
    const text = `asked to ${reason} and did not within ${stopTimeoutMs[reason] / 1000} s`
    const timer = setTimeout(() => this.kill(text), stopTimeoutMs[reason])
    void this.exit.then(() => clearTimeout(timer))
  }

  kill(reason = 'no longer needed'): void {
    this.killReason = { kind: 'request', text: reason }
    this.process.kill()
  }

  private send(message: ToTrainer): void {
    this.process.send(message)
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
