import { type ChildProcess, fork } from 'node:child_process'

const slowestRestartMs = 10_000
/** A service that ran this long was healthy: the next restart is a quick one again. */
const healthyMs = 10_000

export interface ServiceOptions {
  name: string
  script: string
  args?: readonly string[]
  /** For Node, before the script. */
  flags?: string[]
  environment: NodeJS.ProcessEnv
  onMessage?(message: { type?: string }, child: ChildProcess): void
  /** However it ended. */
  onExit?(child: ChildProcess): void
  onCrash(how: string, restartMs: number): void
}

/** A child process that runs until it is stopped: started again when it ends by itself. */
export class Service {
  private child: ChildProcess | null = null
  private ended: Promise<void> = Promise.resolve()
  private restart: NodeJS.Timeout | null = null
  private stopping = false
  private crashes = 0

  constructor(private readonly options: ServiceOptions) {
    this.start()
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.child?.pid
  }

  /** Asks it to end; it gets `withinMs` to do so in order. */
  async stop(withinMs: number): Promise<void> {
    this.stopping = true
    if (this.restart) clearTimeout(this.restart)
    const { child } = this
    if (!child) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
    await this.ended
    clearTimeout(timer)
  }

  kill(): void {
    this.stopping = true
    this.child?.kill('SIGKILL')
  }

  private start(): void {
    const { script, args = [], flags, environment, onMessage, onExit } = this.options
    const since = Date.now()
    // its own process group: Ctrl-C in the terminal comes to us, and we end things in order
    const child = fork(script, args, {
      env: environment,
      ...(flags && { execArgv: flags }),
      detached: true,
      stdio: 'inherit',
    })
    this.child = child
    if (onMessage) child.on('message', message => onMessage(message as { type?: string }, child))
    this.ended = new Promise(resolve => {
      child.once('error', error => {
        this.crashed(error.message)
        resolve()
      })
      child.once('exit', (code, signal) => {
        this.child = null
        onExit?.(child)
        if (Date.now() - since > healthyMs) this.crashes = 0
        if (!this.stopping) this.crashed(signal ?? `exit code ${code}`)
        resolve()
      })
    })
  }

  private crashed(how: string): void {
    const delay = Math.min(250 * 2 ** this.crashes++, slowestRestartMs)
    this.options.onCrash(how, delay)
    // whoever heard of the crash may have decided to stop
    if (!this.stopping) this.restart = setTimeout(() => this.start(), delay)
  }
}
