import type { JobResources, ResourceColumns, ResourceSample } from '../../spec/job-resources.js'
import { isResourceSample } from '../../spec/job-resources.js'
import type { Store } from '../../store/store.js'
import { jobPaths } from '../record/job-paths.js'
import type { AttemptRecord } from '../record/records.js'
import { checkedLine, parseLines } from './ndjson.js'
import { limitSamples, thinSamples } from './resource-samples.js'

export interface ResourcesQuery {
  /** Times, in ms since 1970: only samples later than the first and no later than the second. */
  after?: number
  before?: number
  maxPoints: number
}

/** Half a megabyte. Samples come every five seconds, so the file has the last hour as it was measured. */
const maxSamples = 2048
const thinned = { recent: 720, maxSamples: 1536 }

type AttemptSample = ResourceSample & { attempt: number }

/**
 * What the trainers of a job used: NDJSON, one file for each attempt, which its worker writes. A file that has
 * become long is replaced by a shorter one, so readers read it whole. Unlike metrics, no sample is superseded:
 * an attempt used the machine, whatever became of its steps.
 */
export class ResourceLog {
  /** Samples in the file of each attempt that this process writes. */
  private readonly counts = new Map<string, number>()

  /** `onDamage` is called with the key of a log in which a read meets damaged lines. */
  constructor(
    private readonly store: Store,
    private readonly onDamage: (key: string) => void = () => {},
  ) {}

  /** An attempt appends its samples one after another. */
  async append(id: string, attempt: number, sample: ResourceSample): Promise<void> {
    const key = jobPaths(id).resources(attempt)
    await this.store.append(key, checkedLine(sample))
    const count = (this.counts.get(key) ?? 0) + 1
    this.counts.set(key, count)
    if (count > maxSamples) await this.thin(key)
  }

  /** No more samples of the attempt follow. */
  close(id: string, attempt: number): void {
    this.counts.delete(jobPaths(id).resources(attempt))
  }

  async read(
    id: string,
    attempts: readonly Pick<AttemptRecord, 'attempt' | 'startedAt' | 'endedAt'>[],
    {
      after = Number.NEGATIVE_INFINITY,
      before = Number.POSITIVE_INFINITY,
      maxPoints,
    }: ResourcesQuery,
  ): Promise<JobResources> {
    const samples: AttemptSample[] = []
    let damagedLines = 0
    for (const [i, { attempt, endedAt }] of attempts.entries()) {
      // What an attempt measured after the next one began is of a worker that had lost the job. One whose end its
      // worker has recorded measured nothing later, even if the clock of the next worker is behind.
      const { startedAt } = endedAt ? {} : (attempts[i + 1] ?? {})
      const end = Math.min(before, startedAt ? Date.parse(startedAt) : Number.POSITIVE_INFINITY)
      const { values, damaged } = await this.samplesOf(jobPaths(id).resources(attempt))
      damagedLines += damaged
      for (const sample of values) {
        const time = Date.parse(sample.time)
        if (time > after && time <= end) samples.push({ ...sample, attempt })
      }
    }
    const measurements = samples.reduce((sum, sample) => sum + sample.measurements, 0)
    return { columns: columnsOf(limitSamples(samples, maxPoints)), measurements, damagedLines }
  }

  private async thin(key: string): Promise<void> {
    const { values } = await this.samplesOf(key)
    const kept = thinSamples(values, thinned)
    await this.store.replaceText(key, kept.map(checkedLine).join(''))
    this.counts.set(key, kept.length)
  }

  private async samplesOf(key: string) {
    const content = await this.store.readFrom(key, 0)
    // a last line without a newline is still being written, or a crash interrupted it
    const lines = content.subarray(0, content.lastIndexOf(newline) + 1)
    const found = parseLines(lines, isResourceSample)
    if (found.damaged > 0) this.onDamage(key)
    return found
  }
}

const newline = 10

function columnsOf(samples: readonly AttemptSample[]): ResourceColumns {
  const column = <K extends keyof AttemptSample>(name: K) => samples.map(sample => sample[name])
  return {
    time: column('time'),
    seconds: column('seconds'),
    attempt: column('attempt'),
    step: column('step'),
    cpuCores: column('cpuCores'),
    residentBytes: column('residentBytes'),
    gpuUtilization: column('gpuUtilization'),
    gpuMemoryBytes: column('gpuMemoryBytes'),
    examplesPerSecond: column('examplesPerSecond'),
    readBytesPerSecond: column('readBytesPerSecond'),
    writeBytesPerSecond: column('writeBytesPerSecond'),
  }
}
