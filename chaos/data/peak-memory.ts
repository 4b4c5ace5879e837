import { readFile } from 'node:fs/promises'
import { findDescendants } from '../../testing/processes.js'

const intervalMs = 250

export interface Peaks {
  /** The most resident memory (`VmHWM`). Pages of libraries count, which all processes share. */
  resident: Record<string, number>
  /** The most of a process's own (`RssAnon`), as of four times a second. */
  own: Record<string, number>
}

/** The most memory that each program of a deployment has had at a time, in MB, by its script. */
export class PeakMemory {
  private readonly resident = new Map<string, number>()
  private readonly own = new Map<string, number>()
  private readonly timer: NodeJS.Timeout
  private reading: Promise<void> = Promise.resolve()

  constructor(private readonly supervisor: number) {
    this.timer = setInterval(() => {
      this.reading = this.reading.then(() => this.read()).catch(() => {})
    }, intervalMs)
  }

  async close(): Promise<Peaks> {
    clearInterval(this.timer)
    await this.reading
    await this.read()
    return { resident: Object.fromEntries(this.resident), own: Object.fromEntries(this.own) }
  }

  private async read(): Promise<void> {
    for (const pid of await findDescendants(this.supervisor, '')) {
      const [status, command] = await Promise.all(
        ['status', 'cmdline'].map(name => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
      )
      const script = /([\w-]+\/)?[\w-]+\.js/.exec(command!)?.[0] ?? command!.split('\0')[0]!
      raise(this.resident, script, megabytes('VmHWM', status!))
      raise(this.own, script, megabytes('RssAnon', status!))
    }
  }
}

function raise(peaks: Map<string, number>, script: string, value: number): void {
  if (value > (peaks.get(script) ?? 0)) peaks.set(script, value)
}

/** A field of `/proc/<pid>/status`; 0 of a process that has ended. */
function megabytes(field: string, status: string): number {
  const kilobytes = Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0)
  return Math.round((kilobytes * 1024) / 1e6)
}
