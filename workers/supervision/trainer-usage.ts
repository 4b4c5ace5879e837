import type { TrainerProcess } from './trainer-process.js'

/** Processor time and memory of the trainers of one slot, which run one after another. */
export class TrainerUsage {
  private trainer: Pick<TrainerProcess, 'usage'> | null = null
  /** Of the trainers that have ended. */
  private endedCpuMs = 0
  /** Of the current trainer, when it was read last: after its end it cannot be asked. */
  private currentCpuMs = 0

  /** The slot's next trainer has started. */
  follow(trainer: Pick<TrainerProcess, 'usage' | 'exit'>): void {
    this.trainer = trainer
    void trainer.exit.then(() => {
      if (this.trainer === trainer) this.trainer = null
      this.endedCpuMs += this.currentCpuMs
      this.currentCpuMs = 0
    })
  }

  read(): { cpuSeconds: number; residentBytes: number } {
    const usage = this.trainer?.usage() ?? null
    // a process that ended just now counts with its last value
    if (usage) this.currentCpuMs = usage.cpuMs
    return {
      cpuSeconds: (this.endedCpuMs + this.currentCpuMs) / 1000,
      residentBytes: usage?.residentBytes ?? 0,
    }
  }
}
