import { hostname } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { TrainingTotals } from '../../src/jobs/queue/training-totals.js'
import {
  reportIntervalMs,
  type WorkerOrder,
  type WorkerReports,
} from '../../src/jobs/queue/worker-reports.js'
import { ownProcessId } from '../../src/processes.js'
import type { Gpu, Worker } from '../../src/spec/worker.js'
import type { Consumer } from './consumer.js'
import type { MemoryBudget } from './memory-budget.js'
import type { Slots } from './slots.js'

/** `nvidia-smi` takes a part of a second for each card. */
const gpuIntervalMs = 10_000
const delayResolutionMs = 10

export interface HeartbeatDeps {
  reports: Pick<WorkerReports, 'publish' | 'remove'>
  totals: Pick<TrainingTotals, 'flush'>
  slots: Pick<Slots, 'report'>
  consumer: Pick<Consumer, 'isDraining'>
  memory: Pick<MemoryBudget, 'limit' | 'reservedBytes' | 'machineBytes'>
  diskProblem(): Promise<string | null>
  /** What does not change while the worker runs. */
  profile: WorkerProfile
  /** Called with what a client asked of this worker. */
  onOrder(order: WorkerOrder): void
  /** Null on a machine without GPUs. */
  readGpus: (() => Promise<Gpu[]>) | null
}

/** What a worker is and has. */
export type WorkerProfile = Required<
  Pick<
    Worker,
    | 'version'
    | 'cores'
    | 'labels'
    | 'features'
    | 'engineGpus'
    | 'gangProblem'
    | 'node'
    | 'engines'
    | 'store'
  >
>

/** Tells Redis every two seconds that this worker is alive, what it does, and what has been counted. */
export class Heartbeat {
  private readonly startedAt = new Date().toISOString()
  private readonly delays = monitorEventLoopDelay({ resolution: delayResolutionMs })
  private readonly timer: NodeJS.Timeout
  private readonly gpuTimer: NodeJS.Timeout | undefined
  private gpus: Gpu[] = []
  /** Without Redis a report waits: no second one may wait behind it. */
  private isSending = false
  private clockOffsetSeconds: number | null = null

  constructor(private readonly deps: HeartbeatDeps) {
    this.delays.enable()
    this.timer = setInterval(() => void this.beat(), reportIntervalMs)
    if (deps.readGpus) this.gpuTimer = setInterval(() => void this.readGpus(), gpuIntervalMs)
    void this.readGpus()
    void this.beat()
  }

  /** What a GPU did when it was asked last; null if it did not say. */
  gpu(index: number): Gpu | null {
    return this.gpus.find(gpu => gpu.index === index) ?? null
  }

  /** The last report of a worker that ends in order: it is gone at once. */
  async close(): Promise<void> {
    clearInterval(this.timer)
    clearInterval(this.gpuTimer)
    this.delays.disable()
    await this.deps.totals.flush()
    await this.deps.reports.remove(ownProcessId)
  }

  /** A report that cannot be sent is followed by the next one. */
  private async beat(): Promise<void> {
    if (this.isSending) return
    this.isSending = true
    try {
      const { reports, consumer, onOrder } = this.deps
      const report = await this.report()
      const { order, clockOffsetSeconds } = await reports.publish(report)
      this.clockOffsetSeconds = clockOffsetSeconds
      if (order !== null) onOrder(order)
      // who drains a worker waits to see it
      if (consumer.isDraining !== report.draining) await reports.publish(await this.report())
      await this.deps.totals.flush()
    } catch {
      // the connection logs its errors
    }
    this.isSending = false
  }

  private async report(): Promise<Worker> {
    const { profile, slots, consumer, memory, diskProblem } = this.deps
    const { user, system } = process.cpuUsage()
    const longestMs = this.delays.max / 1e6 - delayResolutionMs
    this.delays.reset()
    return {
      id: ownProcessId,
      host: hostname(),
      pid: process.pid,
      ...profile,
      startedAt: this.startedAt,
      draining: consumer.isDraining,
      slots: slots.report(),
      memory: {
        limitBytes: memory.limit,
        reservedBytes: memory.reservedBytes,
        totalBytes: memory.machineBytes,
      },
      diskProblem: await diskProblem(),
      gpus: this.gpus,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      eventLoopDelaySeconds: Math.max(0, longestMs / 1000),
      clockOffsetSeconds: this.clockOffsetSeconds,
    }
  }

  private async readGpus(): Promise<void> {
    this.gpus = (await this.deps.readGpus?.()) ?? []
  }
}
