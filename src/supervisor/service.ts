import { type ChildProcess, fork } from 'node:child_process'

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
  onMessage?(message: { type?: string }, child: ChildProcess): void
  /** Called after each exit, whatever the reason. */
  onExit?(child: ChildProcess): void
  onCrash(reason: string, restartDelayMs: number): void
}

/** A child process that is restarted, with exponential backoff, until `stop` is called. */
export class Service {
  private child: ChildProcess | null = null
  private exited: Promise<void> = Promise.resolve()
  private restartTimer: NodeJS.Timeout | null = null
  private stopping = false
  private crashes = 0

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

  kill(): void {
    this.stopping = true
    this.child?.kill('SIGKILL')
  }

  private start(): void {
    const { script, args = [], flags, environment, onMessage, onExit } = this.options
    const startedAt = Date.now()
    // its own process group: Ctrl-C reaches the supervisor alone, which stops all in order
    const child = fork(script, args, {
      env: environment,
      ...(flags && { execArgv: flags }),
      detached: true,
      stdio: 'inherit',
    })
    this.child = child
    if (onMessage) child.on('message', message => onMessage(message as { type?: string }, child))
    this.exited = new Promise(resolve => {
      child.once('error', error => {
        this.handleCrash(error.message)
        resolve()
      })
      child.once('exit', (code, signal) => {
        this.child = null
        onExit?.(child)
        if (Date.now() - startedAt > healthyAfterMs) this.crashes = 0
        if (!this.stopping) this.handleCrash(signal ?? `exit code ${code}`)
        resolve()
      })
    })
  }

  private handleCrash(reason: string): void {
    const delay = Math.min(250 * 2 ** this.crashes++, maxRestartDelayMs)
    this.options.onCrash(reason, delay)
    // onCrash may have called stop
    if (!this.stopping) this.restartTimer = setTimeout(() => this.start(), delay)
  }
}
