import { type ChildProcess, fork } from 'node:child_process'
import type { Stream } from 'node:stream'
import { killIfSilent } from '../ipc/health-check.js'
import { killIfStopped, maxStoppedMs } from '../ipc/stopped-child.js'
import type { FromSupervisor } from '../spec/ipc-messages.js'

/** A service that was healthy starts again at once; one that ends again soon waits for this, and then for longer. */
const firstRestartDelayMs = 250
const maxRestartDelayMs = 10_000
/** A service that ran this long was healthy, so its restart delay starts over. */
const healthyAfterMs = 10_000

export interface ServiceOptions {
  name: string
  script: string
  args?: readonly string[]
  /** Node's own options. */
  flags?: string[]
  environment: NodeJS.ProcessEnv
  /** The child inherits them as the file descriptors from `firstInheritedFd` on. */
  inherit?: readonly Stream[]
  /** The child is killed if it is stopped, or if it answers no ping for so long. Default: neither. */
  maxSilentMs?: number
  onMessage?(message: { type?: string }): void
  /** The child has ended by itself, or was killed. It is started again after the delay. */
  onCrash(reason: string, restartDelayMs: number): void
}

/** The index after stdin, stdout, stderr and the IPC channel. */
export const firstInheritedFd = 4

/** A child process that is restarted, with exponential backoff, until `stop` is called. */
export class Service {
  private child: ChildProcess | null = null
  private exited: Promise<void> = Promise.resolve()
  private restartTimer: NodeJS.Timeout | null = null
  private stopping = false
  private crashes = 0
  private killReason: string | null = null

  constructor(private readonly options: ServiceOptions) {
    this.start()
  }

  /** Pid of the current process. */
  get pid(): number | undefined {
    return this.child?.pid
  }

  /** Sends SIGTERM, and SIGKILL after `timeoutMs`. Resolves after the process has ended. */
  async stop(timeoutMs: number): Promise<void> {
    this.stopping = true
    if (this.restartTimer) clearTimeout(this.restartTimer)
    const { child } = this
    if (!child) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    await this.exited
    clearTimeout(timer)
  }

  send(message: FromSupervisor): void {
    if (this.child?.connected) this.child.send(message, () => {})
  }

  kill(): void {
    this.stopping = true
    this.child?.kill('SIGKILL')
  }

  private start(): void {
    const { script, args = [], flags, environment, inherit = [], onMessage } = this.options
    const startedAt = Date.now()
    // its own process group: Ctrl-C reaches the supervisor alone, which stops all in order
    const child = fork(script, args, {
      env: environment,
      ...(flags && { execArgv: flags }),
      detached: true,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', ...inherit],
    })
    this.child = child
    this.watch(child)
    if (onMessage) child.on('message', message => onMessage(message as { type?: string }))
    this.exited = new Promise(resolve => {
      child.once('error', error => {
        this.handleCrash(error.message)
        resolve()
      })
      child.once('exit', (code, signal) => {
        this.child = null
        if (Date.now() - startedAt > healthyAfterMs) this.crashes = 0
        if (!this.stopping) this.handleCrash(this.killReason ?? signal ?? `exit code ${code}`)
        resolve()
      })
    })
  }

  private watch(child: ChildProcess): void {
    const { maxSilentMs } = this.options
    this.killReason = null
    if (maxSilentMs === undefined) return
    killIfStopped(child, () => {
      this.killReason = `killed, since it was stopped for ${maxStoppedMs / 1000} s`
    })
    killIfSilent(child, maxSilentMs, silentMs => {
      this.killReason = `killed, since it answered nothing for ${silentMs / 1000} s`
    })
  }

  private handleCrash(reason: string): void {
    const delay = restartDelayMs(this.crashes++)
    this.options.onCrash(reason, delay)
    // onCrash may have called stop
    if (!this.stopping) this.restartTimer = setTimeout(() => this.start(), delay)
  }
}

/** `crashes`: how often it has ended before, without having been healthy in between. */
const restartDelayMs = (crashes: number): number =>
  crashes === 0 ? 0 : Math.min(firstRestartDelayMs * 2 ** (crashes - 1), maxRestartDelayMs)
