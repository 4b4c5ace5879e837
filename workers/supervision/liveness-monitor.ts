import { readStat } from '../../src/processes.js'

/** Silent and without processor time: a deadlock, or storage that does not answer. */
const maxIdleChecks = 150
/** Silent but busy: no step and no evaluation takes this long. */
const maxSilentChecks = 1800
/** A process that uses fewer ticks between two checks only waits. */
const minBusyTicks = 2

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
  private cpuTicks = 0

  constructor(private readonly pid: number | undefined) {}

  /** The trainer has sent a message. */
  recordMessage(): void {
    this.idleChecks = 0
    this.silentChecks = 0
  }

  /** The reason to kill the trainer; null if it is alive. */
  check(): string | null {
    const stat = this.pid === undefined ? null : readStat(this.pid)
    // a person looks at it with a debugger
    if (stat?.state === 't') return null
    this.silentChecks++
    if (stat) {
      this.idleChecks = stat.cpuTicks - this.cpuTicks < minBusyTicks ? this.idleChecks + 1 : 0
      this.cpuTicks = stat.cpuTicks
    }
    if (this.idleChecks >= maxIdleChecks)
      return `idle and silent for ${formatSeconds(maxIdleChecks)}`
    if (this.silentChecks >= maxSilentChecks) return `silent for ${formatSeconds(maxSilentChecks)}`
    return null
  }
}

const formatSeconds = (checks: number) => `${(checks * LivenessMonitor.checkIntervalMs) / 1000} s`
