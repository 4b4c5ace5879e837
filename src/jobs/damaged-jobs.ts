import type { DamagedItem } from '../spec/damage.js'
import type { DamageRegistry } from '../store/damage-registry.js'
import { nullIfMissing } from './job-feed.js'
import { jobPaths } from './record/job-paths.js'
import type { JobRecords } from './record/records.js'

/** The jobs whose record is damaged. Lists pass over them and name them. */
export class DamagedJobs {
  constructor(
    private readonly records: JobRecords,
    private readonly damage: DamageRegistry,
  ) {}

  /** Reads the records of all jobs, one after another. */
  async scan(): Promise<void> {
    const ids = await this.records.ids()
    this.damage.retain('job', new Set(ids.map(id => jobPaths(id).root)))
    for (const id of ids) await this.passOver(id, () => this.records.read(id))
  }

  /** Reads again those that were damaged: they may have been restored. */
  async list(): Promise<DamagedItem[]> {
    const known = this.damage.list('job')
    await Promise.all(known.map(({ id }) => this.passOver(id, () => this.records.read(id))))
    return this.damage.list('job')
  }

  /** Returns null for a job that is gone, and for a damaged one, which it remembers. */
  passOver<T>(id: string, read: () => Promise<T>): Promise<T | null> {
    return this.damage.tryRead('job', jobPaths(id).root, read).catch(nullIfMissing)
  }

  isKnown(id: string): boolean {
    return this.damage.has('job', jobPaths(id).root)
  }

  forget(id: string): void {
    this.damage.forget('job', jobPaths(id).root)
  }
}
