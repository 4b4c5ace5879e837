import { readStat } from '../../src/processes.js'

/** Somebody stopped it (SIGSTOP, a debugger): it holds its slot and would never tell. */
const maxStoppedChecks = 5
/** Silent, and without work for the processor: a deadlock, or storage that does not answer. */
const maxIdleChecks = 150
/** Silent, though busy: no step and no evaluation takes so long. */
const maxSilentChecks = 1800
/** Less than this in one look is a process that only waits. */
const minBusyTicks = 2

/**
 * Whether a trainer still trains. A long step tells nothing until it ends, so silence alone is no sign:
 * the system says whether the process works. Time counts in looks, one each `everyMs`, not by a clock:
 * whatever stops the worker too, such as a laptop's sleep, is not held against its trainer.
 */
export class LivenessMonitor {
  static readonly checkIntervalMs = 2000
  private stoppedChecks = 0
  private idleChecks = 0
  private silentChecks = 0
  private cpuTicks = 0

  constructor(private readonly pid: number | undefined) {}

  /** It has said something. */
  recordMessage(): void {
    this.idleChecks = 0
    this.silentChecks = 0
  }

  /** Why it must end; null while all is well. */
  check(): string | null {
    const stat = this.pid === undefined ? null : readStat(this.pid)
    this.silentChecks++
    if (stat) {
      this.stoppedChecks = stat.state === 'T' || stat.state === 't' ? this.stoppedChecks + 1 : 0
      this.idleChecks = stat.cpuTicks - this.cpuTicks < minBusyTicks ? this.idleChecks + 1 : 0
      this.cpuTicks = stat.cpuTicks
    }
    if (this.stoppedChecks >= maxStoppedChecks)
      return `stopped for ${formatSeconds(maxStoppedChecks)}`
    if (this.idleChecks >= maxIdleChecks)
      return `idle and silent for ${formatSeconds(maxIdleChecks)}`
    if (this.silentChecks >= maxSilentChecks) return `silent for ${formatSeconds(maxSilentChecks)}`
    return null
  }
}

const formatSeconds = (checks: number) => `${(checks * LivenessMonitor.checkIntervalMs) / 1000} s`
