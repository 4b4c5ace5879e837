import type { Logger } from '../log.js'

/** Reading all records of 10,000 jobs takes some seconds of disk time. Lists find damage at once. */
const intervalMs = 10 * 60_000

interface Scanned {
  /** Reads every record, so that damage is logged and counted before a client asks for the thing. */
  scanForDamage(): Promise<void>
}

/** Looks for damage in the data folder, at the start and every ten minutes, one part after the other. */
export class DamageScan {
  private readonly timer = setInterval(() => this.start(), intervalMs)
  private running: Promise<void> = Promise.resolve()
  private closed = false

  constructor(
    private readonly parts: readonly Scanned[],
    private readonly log: Pick<Logger, 'warn'>,
  ) {
    this.start()
  }

  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.timer)
    await this.running
  }

  private start(): void {
    this.running = this.running.then(() => this.run())
  }

  private async run(): Promise<void> {
    for (const part of this.parts) {
      if (this.closed) return
      await part.scanForDamage().catch(err => {
        this.log.warn({ err }, 'could not look for damage in the data folder; trying again later')
      })
    }
  }
}
