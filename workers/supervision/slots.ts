import type { FromTrainer } from '../../src/spec/ipc-messages.js'
import type { Slot as SlotReport } from '../../src/spec/worker.js'
import type { Executor, Gang, SlotResources } from '../executors/executor.js'
import { RefusedTrainer } from './refused-trainer.js'
import { type Trainer, TrainerGang } from './trainer-gang.js'
import { type TrainerListener, TrainerProcess } from './trainer-process.js'
import { TrainerUsage } from './trainer-usage.js'

/** A new job trains undisturbed for this long before the slot's next spare trainer is loaded. */
const spareDelayMs = 5000

/** Runs one trainer at a time, and keeps one spare trainer whose engine is already loaded. */
export class Slot {
  private spare: TrainerProcess | null = null
  private timer: NodeJS.Timeout | undefined
  private closed = false
  private readonly usage = new TrainerUsage()
  /** The job that it runs; null if it is free. */
  job: string | null = null

  constructor(
    private readonly executor: Executor,
    private readonly resources: SlotResources,
    private readonly hasMemoryForSpare: () => boolean,
  ) {}

  /** Takes the spare trainer if there is one, else starts a new process; a gang's are always new. */
  open(gang: Gang, listener: TrainerListener): Trainer {
    clearTimeout(this.timer)
    this.timer = undefined
    const trainer = gang.world > 1 ? this.openGang(gang) : this.openTrainer(gang)
    this.usage.follow(trainer)
    trainer.listen({
      onMessage: message => {
        if (isTraining(message)) this.timer ??= setTimeout(() => this.warm(false), spareDelayMs)
        listener.onMessage(message)
      },
      onLine: line => listener.onLine(line),
    })
    return trainer
  }

  private openTrainer(gang: Gang): Trainer {
    const trainer = this.spare ?? TrainerProcess.gang(this.executor, gang, this.resources)[0]!
    this.spare = null
    return trainer
  }

  private openGang(gang: Gang): Trainer {
    const { gangProblem } = this.executor
    if (gangProblem !== null) return new RefusedTrainer(gangProblem)
    return new TrainerGang(TrainerProcess.gang(this.executor, gang, this.resources))
  }

  /** Loads a spare trainer. `urgent`: at full priority, if no job trains in this slot. */
  warm(urgent: boolean): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const launch = this.executor.spare
    if (this.closed || this.spare || !launch || !this.hasMemoryForSpare()) return
    const spare = TrainerProcess.spare(listener => launch(this.resources, listener), urgent)
    this.spare = spare
    void spare.exit.then(() => {
      if (this.spare === spare) this.spare = null
    })
  }

  /** Index of its GPU; null without one. */
  get gpu(): number | null {
    return this.resources.gpu
  }

  report(): SlotReport {
    const { job, gpu } = this
    return { job, gpu, ...this.usage.read() }
  }

  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.timer)
    this.spare?.kill()
    await this.spare?.exit
  }
}

const isTraining = (message: FromTrainer) =>
  message.type === 'phase' && message.phase === 'training'

/** The worker's slots: one for each GPU, or for an equal share of the cores. */
export class Slots {
  private readonly all: readonly Slot[]
  private readonly idle: Slot[]

  constructor(
    executor: Executor,
    resources: readonly SlotResources[],
    hasMemoryForSpare: () => boolean,
  ) {
    this.all = resources.map(each => new Slot(executor, each, hasMemoryForSpare))
    this.idle = [...this.all]
  }

  get count(): number {
    return this.all.length
  }

  get free(): number {
    return this.idle.length
  }

  acquire(job: string): Slot {
    const slot = this.idle.pop()
    if (!slot) throw new Error(`all ${this.count} slots are taken`)
    slot.job = job
    return slot
  }

  release(slot: Slot): void {
    slot.job = null
    this.idle.push(slot)
    slot.warm(true)
  }

  /** Loads the spare trainers of free slots, at low priority if a job trains in another slot. */
  warm(): void {
    const urgent = this.free === this.count
    for (const slot of this.idle) slot.warm(urgent)
  }

  report(): SlotReport[] {
    return this.all.map(slot => slot.report())
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(slot => slot.close()))
  }
}
