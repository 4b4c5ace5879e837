import { readFile } from 'node:fs/promises'
import { findDescendants } from '../../testing/processes.js'

const intervalMs = 250

/** The most memory that each program of a deployment has had at a time (`VmHWM`), in MB, by its script. */
export class PeakMemory {
  private readonly peaks = new Map<string, number>()
  private readonly timer: NodeJS.Timeout
  private reading: Promise<void> = Promise.resolve()

  constructor(private readonly supervisor: number) {
    this.timer = setInterval(() => {
      this.reading = this.reading.then(() => this.read()).catch(() => {})
    }, intervalMs)
  }

  async close(): Promise<Record<string, number>> {
    clearInterval(this.timer)
    await this.reading
    await this.read()
    return Object.fromEntries(this.peaks)
  }

  private async read(): Promise<void> {
    for (const pid of await findDescendants(this.supervisor, '')) {
      const [status, command] = await Promise.all(
        ['status', 'cmdline'].map(name => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
      )
      const kilobytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status!)?.[1] ?? 0)
      const script = /([\w-]+\/)?[\w-]+\.js/.exec(command!)?.[0] ?? command!.split('\0')[0]!
      const peak = Math.max(this.peaks.get(script) ?? 0, Math.round((kilobytes * 1024) / 1e6))
      if (kilobytes > 0) this.peaks.set(script, peak)
    }
  }
}
