import type { Logger } from '../../log.js'
import { type ResourceKind, resourceKinds } from '../../spec/changes.js'
import type { ModelFeed } from '../../spec/model-feed.js'
import type { ChangeLog, Resource } from '../queue/change-log.js'

/** How often the store is compared with what is known. Uploads and deletions are told at once. */
const scanIntervalMs = 60_000
/** How soon it is noticed that Redis has lost what is known. */
const checkIntervalMs = 5_000

/** The things of one kind in the store, each under a text that names it. */
export interface WatchedStore {
  members(): Promise<string[]>
  /** What changes of it say; null if it does not exist. */
  describe(member: string): Promise<Resource | null>
}

/**
 * Tells the log of changes which data sets, models and weights come and go, and which aliases move. It compares the store with what the
 * log knows. So it does not matter who made the change, and one that was made while Redis was away is told
 * afterwards.
 */
export class ResourceWatch {
  private readonly timer = setInterval(() => this.wake(), checkIntervalMs)
  private running: Promise<void> | null = null
  private nextScanAt = 0

  constructor(
    private readonly stores: Readonly<Record<ResourceKind, WatchedStore>>,
    private readonly models: ModelFeed,
    private readonly changeLog: ChangeLog,
    private readonly isRedisReady: () => boolean,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  /** Call after a thing may have been created or removed. Never fails: the next scan repairs it. */
  async check(kind: ResourceKind, member: string): Promise<void> {
    await this.compare(kind, member).catch(() => {
      this.nextScanAt = 0
    })
  }

  /** Call after aliases of a model may have been changed. Never fails, as `check`. */
  async checkAliases(name: string): Promise<void> {
    await this.tellAliases(name).catch(() => {
      this.nextScanAt = 0
    })
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await this.running
  }

  /** Compares if that is due. Call after Redis is back. */
  wake(): void {
    if (!this.isRedisReady()) return
    this.running ??= this.scanIfDue()
      .catch((err: Error) => {
        this.nextScanAt = 0
        this.log.warn({ err }, 'could not look for new data sets and models; trying again')
      })
      .finally(() => {
        this.running = null
      })
  }

  private async scanIfDue(): Promise<void> {
    const isComplete = await this.changeLog.areResourcesComplete()
    // an earlier try may have been interrupted
    if (isComplete) await this.changeLog.begin()
    if (isComplete && Date.now() < this.nextScanAt) return
    this.nextScanAt = Date.now() + scanIntervalMs
    for (const kind of resourceKinds) await this.scan(kind)
    for (const name of await this.models.names()) await this.tellAliases(name)
    if (!isComplete) await this.changeLog.markResourcesComplete()
  }

  private async scan(kind: ResourceKind): Promise<void> {
    const known = new Set(await this.changeLog.knownResources(kind))
    const members = new Set(await this.stores[kind].members())
    for (const member of members) if (!known.has(member)) await this.compare(kind, member)
    for (const member of known) if (!members.has(member)) await this.compare(kind, member)
  }

  private async tellAliases(name: string): Promise<void> {
    const newest = await this.models.newest(name)
    const told = await this.changeLog.toldOfModel(name)
    if (newest <= told) return
    await this.changeLog.noteModel(name, newest, await this.models.changesAfter(name, told))
  }

  private async compare(kind: ResourceKind, member: string): Promise<void> {
    const resource = await this.stores[kind].describe(member)
    if (resource) await this.changeLog.resourceCreated(kind, member, resource)
    else await this.changeLog.resourceDeleted(kind, member)
  }
}
