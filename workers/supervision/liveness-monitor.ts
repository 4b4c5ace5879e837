import type { ProcessUsage } from '../../src/processes.js'

/** Silent and without processor time: a deadlock, or storage that does not answer. */
const maxIdleChecks = 150
/** Silent but busy: no step and no evaluation takes this long. */
const maxSilentChecks = 1800
/** A process that uses less processor time between two checks only waits. */
const minBusyMs = 20

/**
 * Decides whether a trainer is alive. A long step sends no message until it ends, so silence alone
 * proves nothing; the operating system says whether the process uses processor time. Time is counted
 * in checks, one every `checkIntervalMs`, not by a clock: if the worker is suspended too, such as on a
 * sleeping laptop, that time does not count against its trainer.
 */
export class LivenessMonitor {
  static readonly checkIntervalMs = 2000
  private idleChecks = 0
  private silentChecks = 0
  private cpuMs = 0

  /** `readUsage`: null if what the trainer uses is not known at the moment. */
  constructor(private readonly readUsage: () => Pick<ProcessUsage, 'cpuMs' | 'isTraced'> | null) {}

  /** The trainer has sent a message. */
  recordMessage(): void {
    this.idleChecks = 0
    this.silentChecks = 0
  }

  /** The reason to kill the trainer; null if it is alive. */
  check(): string | null {
    const usage = this.readUsage()
    // a person looks at it with a debugger
    if (usage?.isTraced) return null
    this.silentChecks++
    if (usage) {
      this.idleChecks = usage.cpuMs - this.cpuMs < minBusyMs ? this.idleChecks + 1 : 0
      this.cpuMs = usage.cpuMs
    }
    if (this.idleChecks >= maxIdleChecks)
      return `idle and silent for ${formatSeconds(maxIdleChecks)}`
    if (this.silentChecks >= maxSilentChecks) return `silent for ${formatSeconds(maxSilentChecks)}`
    return null
  }
}

const formatSeconds = (checks: number) => `${(checks * LivenessMonitor.checkIntervalMs) / 1000} s`
