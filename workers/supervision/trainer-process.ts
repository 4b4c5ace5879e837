import { type ChildProcess, fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { ownProcessId } from '../../src/processes.js'
import type {
  FromTrainer,
  StopReason,
  ToTrainer,
  TrainerTask,
} from '../../src/spec/ipc-messages.js'
import { LivenessMonitor } from './liveness-monitor.js'

/**
 * A stop that is not obeyed within this time becomes a kill, and what was trained since the last
 * checkpoint is trained anew. A step may take a while, but who cancels waits for no checkpoint.
 */
const stopTimeoutMs: Record<StopReason, number> = { cancel: 7000, drain: 10_000, pause: 60_000 }
const maxTailLines = 20

export interface TrainerLaunchOptions {
  script: string
  environment: NodeJS.ProcessEnv
}

export interface TrainerExit {
  code: number | null
  signal: NodeJS.Signals | null
  /** The last lines that it printed. */
  outputTail: string
}

export interface TrainerListener {
  onMessage(message: FromTrainer): void
  onLine(line: string): void
}

/** The worker's end of one trainer child: its lease, its messages, its end. Idle until it is given a task. */
export class TrainerProcess {
  readonly exit: Promise<TrainerExit>
  private readonly child: ChildProcess
  private readonly tailLines: string[] = []
  private listener: TrainerListener | null = null
  private readonly livenessMonitor: LivenessMonitor
  private heartbeatTimer: NodeJS.Timeout | undefined

  /** `urgent`: a job waits for it, so that its engine loads at full priority. */
  constructor({ script, environment }: TrainerLaunchOptions, urgent: boolean) {
    // the name tells whoever finds it later whose it was (see take-back.ts)
    this.child = fork(script, [ownProcessId], {
      env: environment,
      serialization: 'advanced',
      // its own process group: Ctrl-C in the terminal is for the supervisor to pass on
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    if (!urgent) lowerPriority(this.child)
    this.livenessMonitor = new LivenessMonitor(this.child.pid)
    this.child.on('message', (message: FromTrainer) => {
      this.livenessMonitor.recordMessage()
      if (message.type === 'ready' && urgent) lowerPriority(this.child)
      this.listener?.onMessage(message)
    })
    for (const output of [this.child.stdout, this.child.stderr]) {
      if (output) createInterface(output).on('line', line => this.recordLine(line))
    }
    this.exit = new Promise(resolve => {
      const onEnd = (code: number | null, signal: NodeJS.Signals | null) => {
        clearInterval(this.heartbeatTimer)
        resolve({ code, signal, outputTail: this.tailLines.join('\n') })
      }
      this.child.on('error', error => {
        this.recordLine(error.message)
        onEnd(null, null)
      })
      this.child.on('close', onEnd)
    })
  }

  /** Lines that it printed before are passed on now. */
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
      this.recordLine(`the trainer was ${problem}: its worker ends it`)
      this.kill()
    }, LivenessMonitor.checkIntervalMs)
    void this.exit.then(() => clearInterval(this.heartbeatTimer))
  }

  stop(reason: StopReason): void {
    this.send({ type: 'stop', reason })
    const timer = setTimeout(() => this.kill(), stopTimeoutMs[reason])
    void this.exit.then(() => clearTimeout(timer))
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  private send(message: ToTrainer): void {
    // a failed send means that the child is going; its exit says the rest
    if (this.child.connected) this.child.send(message, () => {})
  }

  private recordLine(line: string): void {
    this.tailLines.push(line)
    if (this.tailLines.length > maxTailLines) this.tailLines.shift()
    this.listener?.onLine(line)
  }
}

/** Training takes every core it finds; requests and Redis come first. */
function lowerPriority({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // it has ended already, or the system forbids: training goes on all the same
  }
}
