import { glance } from '../../src/processes.js'

/** Somebody stopped it (SIGSTOP, a debugger): it holds its slot and would never tell. */
const stoppedLooks = 5
/** Silent, and without work for the processor: a deadlock, or storage that does not answer. */
const idleLooks = 150
/** Silent, though busy: no step and no evaluation takes so long. */
const silentLooks = 1800
/** Less than this in one look is a process that only waits. */
const idleTicks = 2

/**
 * Whether a trainer still trains. A long step tells nothing until it ends, so silence alone is no sign:
 * the system says whether the process works. Time counts in looks, one each `everyMs`, not by a clock:
 * whatever stops the worker too, such as a laptop's sleep, is not held against its trainer.
 */
export class Vigil {
  static readonly everyMs = 2000
  private stopped = 0
  private idle = 0
  private silent = 0
  private cpuTicks = 0

  constructor(private readonly pid: number | undefined) {}

  /** It has said something. */
  heard(): void {
    this.idle = 0
    this.silent = 0
  }

  /** Why it must end; null while all is well. */
  look(): string | null {
    const now = this.pid === undefined ? null : glance(this.pid)
    this.silent++
    if (now) {
      this.stopped = now.state === 'T' || now.state === 't' ? this.stopped + 1 : 0
      this.idle = now.cpuTicks - this.cpuTicks < idleTicks ? this.idle + 1 : 0
      this.cpuTicks = now.cpuTicks
    }
    if (this.stopped >= stoppedLooks) return `stopped for ${seconds(stoppedLooks)}`
    if (this.idle >= idleLooks) return `idle and silent for ${seconds(idleLooks)}`
    if (this.silent >= silentLooks) return `silent for ${seconds(silentLooks)}`
    return null
  }
}

const seconds = (looks: number) => `${(looks * Vigil.everyMs) / 1000} s`
