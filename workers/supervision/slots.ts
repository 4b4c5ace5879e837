import type { FromTrainer } from '../../src/spec/ipc-messages.js'
import type { Slot as SlotReport } from '../../src/spec/worker.js'
import type { Executor, Gang, SlotResources } from '../executors/executor.js'
import { threadsOf, withThreads } from '../executors/threads-of-slot.js'
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
  /** The slots whose GPUs its job has, too. */
  lent: readonly Slot[] = []

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
    const place = () => TrainerProcess.gang(this.executor, gang, this.resourcesFor(gang))[0]!
    return this.takeSpare(gang) ?? place()
  }

  private openGang(gang: Gang): Trainer {
    const { gangProblem } = this.executor
    if (gangProblem !== null) return new RefusedTrainer(gangProblem)
    return new TrainerGang(TrainerProcess.gang(this.executor, gang, this.resourcesFor(gang)))
  }

  /** A spare trainer sees the GPU of its own slot alone, and has loaded TensorFlow with the slot's threads. */
  private takeSpare({ threads }: Gang): TrainerProcess | null {
    const { spare } = this
    const hasThreads = !threads || threadsOf(this.resources.environment) === threads
    if (this.lentGpus.length > 0 || !hasThreads) {
      this.dropSpare()
      return null
    }
    this.spare = null
    return spare
  }

  private resourcesFor({ threads }: Gang): SlotResources {
    const { resources, lentGpus } = this
    return {
      ...resources,
      environment: {
        ...(threads ? withThreads(resources.environment, threads) : resources.environment),
        ...(lentGpus.length > 0 && {
          CUDA_VISIBLE_DEVICES: [resources.gpu, ...lentGpus].join(','),
        }),
      },
    }
  }

  private get lentGpus(): number[] {
    const gpus = new Set(this.lent.flatMap(({ gpu }) => (gpu === this.gpu ? [] : [gpu!])))
    return [...gpus]
  }

  /** Ends the spare trainer, which has memory on the GPU. */
  dropSpare(): void {
    this.spare?.kill()
    this.spare = null
  }

  /** Loads a spare trainer. `urgent`: at full priority, if no job trains in this slot. */
  warm(urgent: boolean): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const launch = this.executor.spare
    if (this.closed || this.spare || this.lent.length > 0) return
    if (!launch || !this.hasMemoryForSpare()) return
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

  /** GPUs that its job may ask an engine for. */
  get engineGpus(): number {
    return this.resources.engineGpus ?? 0
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

  /** Whether a job that needs so many GPUs for itself can start now. */
  hasRoom(gpus: number): boolean {
    return this.roomFor(gpus).length > 0
  }

  /** `gpus`: how many the job has for itself; 0 for what the slot has. Their other slots are taken, too. */
  acquire(job: string, gpus = 0): Slot {
    const taken = this.roomFor(gpus)
    if (taken.length === 0) throw new Error(`there is no room in ${this.count} slots`)
    for (const slot of taken) {
      this.idle.splice(this.idle.indexOf(slot), 1)
      slot.job = job
    }
    const [slot, ...lent] = taken
    for (const other of lent) other.dropSpare()
    slot!.lent = lent
    return slot!
  }

  release(slot: Slot): void {
    const freed = [slot, ...slot.lent]
    slot.lent = []
    for (const each of freed) each.job = null
    this.idle.push(...freed)
    for (const each of freed) each.warm(true)
  }

  /** The free slots that a job would take; none if they are not enough. */
  private roomFor(gpus: number): Slot[] {
    // an engine finds the GPUs
    const enough = this.idle.filter(({ engineGpus }) => gpus === 0 || engineGpus >= gpus)
    if (enough.length > 0) return enough.slice(-1)
    const free = this.freeGpus()
    return gpus > 0 && free.length >= gpus ? free.slice(0, gpus).flat() : []
  }

  /** The slots of each GPU of which all are free. */
  private freeGpus(): Slot[][] {
    const byGpu = new Map<number, Slot[]>()
    for (const slot of this.all) {
      if (slot.gpu !== null) byGpu.set(slot.gpu, [...(byGpu.get(slot.gpu) ?? []), slot])
    }
    return [...byGpu.values()].filter(slots => slots.every(slot => this.idle.includes(slot)))
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
