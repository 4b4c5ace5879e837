import type { Logger } from '../log.js'

/** Reading all records of 10,000 jobs takes some seconds of disk time. Lists find damage at once. */
const intervalMs = 10 * 60_000
/** In a bucket, whose store repairs its disks, they are some ten thousand requests. */
const bucketIntervalMs = 24 * 3600_000

interface Scanned {
  /** Reads every record, so that damage is logged and counted before a client asks for the thing. */
  scanForDamage(): Promise<void>
}

/** Looks for damage in the data folder, at the start and every ten minutes, in a bucket once a day, one part after the other. */
export class DamageScan {
  private readonly timer: NodeJS.Timeout
  private running: Promise<void> = Promise.resolve()
  private closed = false

  constructor(
    private readonly parts: readonly Scanned[],
    private readonly log: Pick<Logger, 'warn'>,
    { inBucket = false } = {},
  ) {
    this.timer = setInterval(() => this.start(), inBucket ? bucketIntervalMs : intervalMs)
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
