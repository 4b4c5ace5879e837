import { readFileSync } from 'node:fs'

const tickMs = 2
/** Of the main thread of this process: its first number is the processor time in ns. */
const statistics = `/proc/self/task/${process.pid}/schedstat`

/**
 * Measures the longest piece of work of the main thread's event loop, in ms of processor time. Wall time would count
 * what other processes take of a busy machine. Linux alone.
 */
export class LoopHold {
  private timer: NodeJS.Timeout | undefined
  private longestMs = 0

  start(): void {
    this.longestMs = 0
    let before = processorMs()
    this.timer = setInterval(() => {
      const now = processorMs()
      this.longestMs = Math.max(this.longestMs, now - before)
      before = now
    }, tickMs)
  }

  /** Waits for one more turn, in which a hold at the end is noticed. */
  async stop(): Promise<number> {
    await new Promise(resolve => setTimeout(resolve, 2 * tickMs))
    clearInterval(this.timer)
    return this.longestMs
  }
}

const processorMs = () => Number(readFileSync(statistics, 'utf8').split(' ', 1)[0]) / 1e6
