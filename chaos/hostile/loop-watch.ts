import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChaosDeployment } from '../deployment.js'
import type { Tally } from './tally.js'

const intervalMs = 1000
/** A new record of at least this is logged. */
const notableMs = 100

/** Milliseconds of a gauge of the event loop; null if the answer lacks it. */
function loopMs(scraped: string, name: string): number | null {
  const line = new RegExp(`^trainyard_event_loop_${name}_seconds (\\S+)$`, 'm').exec(scraped)
  return line && Math.round(1000 * Number(line[1]))
}

/**
 * Reads how long the API's event loop was held at most, and its peak memory. Both are kept by the process
 * itself, so nothing between two readings is missed.
 */
export class LoopWatch {
  /** The longest hold, and how much of it was waiting for a processor. */
  longestLoopMs = 0
  longestLoopWaitedMs = 0
  /** The most processor time of one hold. */
  loopProcessorMs = 0
  peakRssMb = 0
  private pid: number | undefined
  private readonly ended = new AbortController()
  private readonly done: Promise<void>
  /** Processes whose longest hold includes a SIGSTOP of ours. */
  private readonly stoppedPids = new Set<number>()

  constructor(
    private readonly deployment: ChaosDeployment,
    private readonly tally: Tally,
    private readonly log: (line: string) => void,
    over: AbortSignal,
  ) {
    over.addEventListener('abort', () => this.ended.abort())
    this.done = this.watch()
  }

  async close(): Promise<void> {
    await this.read()
    this.ended.abort()
    await this.done
  }

  /** To be called before the API is killed or stopped. */
  async beforeEnd(pid: number): Promise<void> {
    await this.read()
    this.stoppedPids.add(pid)
  }

  async read(): Promise<void> {
    let status = await this.statusOfApi()
    if (status === '') {
      this.pid = (await this.deployment.find('api'))[0]
      status = await this.statusOfApi()
    }
    const { pid } = this
    if (pid === undefined) return
    const kilobytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
    this.peakRssMb = Math.max(this.peakRssMb, Math.round(kilobytes / 1024))
    if (this.stoppedPids.has(pid)) return
    const text = await this.scrape().catch(() => '')
    const slowest = this.tally.takeSlowest()
    // the process may have been stopped while it was read
    if (this.stoppedPids.has(pid)) return
    const ms = loopMs(text, 'longest') ?? 0
    const waitedMs = loopMs(text, 'longest_waited') ?? 0
    // a kernel that does not tell work from waiting has all of it count as work
    const processorMs = loopMs(text, 'longest_processor') ?? ms
    const isRecord = ms > this.longestLoopMs || processorMs > this.loopProcessorMs
    if (ms > this.longestLoopMs) {
      this.longestLoopMs = ms
      this.longestLoopWaitedMs = waitedMs
    }
    this.loopProcessorMs = Math.max(this.loopProcessorMs, processorMs)
    if (!isRecord || ms < notableMs) return
    this.log(
      `the event loop was held for ${ms} ms (${waitedMs} of them without a processor), and for up to ${processorMs} ms of processor time (slowest answer: ${slowest})`,
    )
  }

  /** Empty if it has ended. */
  private statusOfApi(): Promise<string> {
    return readFile(`/proc/${this.pid}/status`, 'utf8').catch(() => '')
  }

  private async scrape(): Promise<string> {
    const answer = await fetch(`${this.deployment.url}/metrics`, {
      headers: { authorization: `Bearer ${this.deployment.key}` },
      signal: AbortSignal.timeout(5000),
    })
    return answer.text()
  }

  private async watch(): Promise<void> {
    const { signal } = this.ended
    while (!signal.aborted) {
      await this.read()
      await sleep(intervalMs, undefined, { signal }).catch(() => {})
    }
  }
}
