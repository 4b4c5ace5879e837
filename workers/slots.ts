export interface TrainerHome {
  script: string
  environment: NodeJS.ProcessEnv
}

export interface Slot {
  trainer: TrainerHome
  free(): void
}

/** Room for trainers: one on each GPU, or a share of the cores. */
export class Slots {
  private readonly idle: TrainerHome[]
  readonly count: number

  constructor(homes: readonly TrainerHome[]) {
    this.idle = [...homes]
    this.count = homes.length
  }

  take(): Slot {
    const trainer = this.idle.pop()
    if (!trainer) throw new Error(`all ${this.count} slots are taken`)
    return { trainer, free: () => this.idle.push(trainer) }
  }
}
