import { rounded } from '../../src/jobs/telemetry/resource-samples.js'
import type { ProcessUsage } from '../../src/processes.js'
import type { ResourceSample } from '../../src/spec/job-resources.js'
import type { Gpu } from '../../src/spec/worker.js'

/** A short job is over within a minute, and a chart of it needs points. */
const firstIntervalMs = 1000
const firstSamples = 60
const intervalMs = 5000

export interface ResourceSamplerDeps {
  /** What the trainer has used; null if that is not known, such as after its end. */
  readUsage(): ProcessUsage | null
  /** What the trainer's GPU did when it was asked last; null without one. */
  readGpu(): Gpu | null
  /** How far the attempt is, and its speed; null if it neither trains nor predicts. */
  readProgress(): { step: number; examplesPerSecond: number | null }
  append(sample: ResourceSample): Promise<void>
}

/** Measures what a trainer uses, from outside: on this machine, a measurement reads three files of /proc. */
export class ResourceSampler {
  private last: ProcessUsage | null
  private taken = 0
  private timer: NodeJS.Timeout | undefined
  private pendingAppend: Promise<void> = Promise.resolve()

  constructor(private readonly deps: ResourceSamplerDeps) {
    // a spare trainer has used the processor before
    this.last = deps.readUsage()
    this.schedule()
  }

  /** Call after the trainer has ended. Its last seconds are not measured. */
  async close(): Promise<void> {
    clearTimeout(this.timer)
    await this.pendingAppend
  }

  private schedule(): void {
    const delayMs = this.taken < firstSamples ? firstIntervalMs : intervalMs
    this.timer = setTimeout(() => {
      this.sample()
      this.schedule()
    }, delayMs)
  }

  private sample(): void {
    const { deps, last } = this
    const now = deps.readUsage()
    this.last = now
    // it has not begun, it has ended since, or its machine has not told anything new
    if (!now || !last || now.at === last.at) return
    const seconds = (now.at - last.at) / 1000
    const perSecond = (before: number | undefined, after: number | undefined) =>
      before === undefined || after === undefined
        ? null
        : rounded(Math.max(0, after - before) / seconds)
    const gpu = deps.readGpu()
    const { step, examplesPerSecond } = deps.readProgress()
    const cpuMs = perSecond(last.cpuMs, now.cpuMs)
    this.taken++
    this.append({
      time: new Date().toISOString(),
      seconds: rounded(seconds),
      step,
      measurements: 1,
      cpuCores: cpuMs === null ? null : rounded(cpuMs / 1000),
      residentBytes: now.residentBytes,
      gpuUtilization: gpu?.utilization ?? null,
      gpuMemoryBytes: gpu?.usedBytes ?? null,
      examplesPerSecond: examplesPerSecond === null ? null : rounded(examplesPerSecond),
      readBytesPerSecond: perSecond(last.disk?.read, now.disk?.read),
      writeBytesPerSecond: perSecond(last.disk?.written, now.disk?.written),
    })
  }

  private append(sample: ResourceSample): void {
    // one after another; a sample that cannot be stored must not end the training
    this.pendingAppend = this.pendingAppend.then(() => this.deps.append(sample)).catch(() => {})
  }
}
