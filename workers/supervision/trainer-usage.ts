import { cpuMsOf, residentBytesOf } from '../../src/processes.js'
import type { TrainerProcess } from './trainer-process.js'

/** Processor time and memory of the trainers of one slot, which run one after another. */
export class TrainerUsage {
  private trainer: Pick<TrainerProcess, 'pid'> | null = null
  /** Of the trainers that have ended. */
  private endedCpuMs = 0
  /** Of the current trainer, when it was read last: after its end it cannot be asked. */
  private currentCpuMs = 0

  /** The slot's next trainer has started. */
  follow(trainer: Pick<TrainerProcess, 'pid' | 'exit'>): void {
    this.trainer = trainer
    void trainer.exit.then(() => {
      if (this.trainer === trainer) this.trainer = null
      this.endedCpuMs += this.currentCpuMs
      this.currentCpuMs = 0
    })
  }

  read(): { cpuSeconds: number; residentBytes: number } {
    const pid = this.trainer?.pid
    const cpuMs = pid === undefined ? null : cpuMsOf(pid)
    // a process that ended just now counts with its last value
    if (cpuMs !== null) this.currentCpuMs = cpuMs
    return {
      cpuSeconds: (this.endedCpuMs + this.currentCpuMs) / 1000,
      residentBytes: (pid === undefined ? null : residentBytesOf(pid)) ?? 0,
    }
  }
}
