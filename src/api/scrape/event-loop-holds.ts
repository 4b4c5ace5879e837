import { closeSync, openSync, readSync } from 'node:fs'

const intervalMs = 20
const nsPerMs = 1e6

/** One piece of work that kept everything else waiting. */
export interface Hold {
  ms: number
  /** Of that, how long the thread ran on a processor; null without Linux's /proc. */
  processorMs: number | null
  /** Of that, how long it was ready to run and waited for a processor. */
  waitedMs: number | null
}

/**
 * Measures how long the event loop is held at most. A timer takes a sample every 20 ms; what it comes late by was a
 * hold, and Linux tells what the thread did meanwhile. On a machine that other programs keep busy, much of a hold is
 * waiting for a processor; its processor time tells what the code itself does.
 */
export class EventLoopHolds {
  longest: Hold = { ms: 0, processorMs: 0, waitedMs: 0 }
  /** The most processor time of one hold, which need not be the longest one; null if it cannot be measured. */
  mostProcessorMs: number | null = 0
  private timer: NodeJS.Timeout | undefined
  private clock: ThreadClock | null = null

  start(): void {
    this.clock = ThreadClock.open()
    if (!this.clock) this.mostProcessorMs = null
    let last = this.sample()
    this.timer = setInterval(() => {
      const now = this.sample()
      this.add(holdBetween(last, now))
      last = now
    }, intervalMs).unref()
  }

  close(): void {
    clearInterval(this.timer)
    this.clock?.close()
    this.clock = null
  }

  private sample(): Sample {
    return { at: performance.now(), thread: this.clock?.read() ?? null }
  }

  private add(hold: Hold): void {
    if (hold.ms > this.longest.ms) this.longest = hold
    if (hold.processorMs !== null && this.mostProcessorMs !== null) {
      this.mostProcessorMs = Math.max(this.mostProcessorMs, hold.processorMs)
    }
  }
}

interface ThreadTimes {
  processorMs: number
  waitedMs: number
}

interface Sample {
  at: number
  thread: ThreadTimes | null
}

/** Up to an interval between two samples is no hold: the loop may have slept, or have done several short things. */
function holdBetween(last: Sample, now: Sample): Hold {
  const ms = Math.max(0, now.at - last.at - intervalMs)
  if (!last.thread || !now.thread) return { ms, processorMs: null, waitedMs: null }
  return {
    ms,
    processorMs: Math.min(ms, now.thread.processorMs - last.thread.processorMs),
    waitedMs: Math.min(ms, now.thread.waitedMs - last.thread.waitedMs),
  }
}

/**
 * The scheduler's account of this thread: nanoseconds on a processor, and ready to run but waiting for one. The
 * first is exact to a tick of the kernel (1 to 10 ms). Source: Documentation/scheduler/sched-stats.rst of Linux.
 */
class ThreadClock {
  private readonly buffer = Buffer.alloc(128)

  private constructor(private readonly fd: number) {}

  /** null on other systems, and on a kernel without these statistics. */
  static open(): ThreadClock | null {
    try {
      return new ThreadClock(openSync('/proc/thread-self/schedstat', 'r'))
    } catch {
      return null
    }
  }

  read(): ThreadTimes {
    const length = readSync(this.fd, this.buffer, 0, this.buffer.length, 0)
    const [ran, waited] = this.buffer.toString('latin1', 0, length).split(' ')
    return { processorMs: Number(ran) / nsPerMs, waitedMs: Number(waited) / nsPerMs }
  }

  close(): void {
    closeSync(this.fd)
  }
}
