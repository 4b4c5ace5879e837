import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import { nullIfDamaged } from '../../errors.js'
import { isDead, isOfThisHost, ownProcessId } from '../../processes.js'
import { type DatasetImport, endStatuses, isImportId } from '../../spec/dataset-import.js'
import { LastChange } from '../../store/last-change.js'
import { shapeOf } from '../../store/shape.js'
import type { Store } from '../../store/store.js'
import { interrupted, problemOf } from './import-problem.js'

interface ImportRecord {
  /** The process that makes the data set. */
  owner: string
  import: DatasetImport
}

const importRecord = shapeOf<ImportRecord>(
  Type.Object({ owner: Type.String(), import: Type.Object({ id: Type.String() }) }),
)

/** Without news for so long, as this process sees it, a process of another host counts as dead. */
const silentMs = 60_000
/** Ended imports that are kept, and for how long. */
const maxKept = 500
const keptMs = 7 * 24 * 3600_000

const root = 'imports'
const paths = (id: string) => ({
  root: `${root}/${id}`,
  /** Replaced while the import runs. */
  current: `${root}/${id}/import.json`,
  /** Created once: of several writers, the first says how the import ended. */
  end: `${root}/${id}/end.json`,
  cancel: `${root}/${id}/cancel`,
})

/** Imports in the store, so that any replica answers, and a restart loses none. */
export class ImportRecords {
  private readonly owner = `${ownProcessId}-${randomUUID()}`
  private readonly lastChange = new LastChange()

  constructor(
    private readonly store: Store,
    /** Whether an import that this object has saved still runs. */
    private readonly isRunning: (id: string) => boolean,
  ) {}

  async save(value: DatasetImport): Promise<void> {
    const record = { owner: this.owner, import: value }
    await this.store.replaceJson<ImportRecord>(paths(value.id).current, record)
  }

  async end(value: DatasetImport): Promise<void> {
    const record = { owner: this.owner, import: value }
    await this.store.createJson<ImportRecord>(paths(value.id).end, record)
  }

  /** An import as it was last saved. If its process is gone, it ends as interrupted. */
  async get(id: string): Promise<DatasetImport | null> {
    if (!isImportId(id)) return null
    const ended = await this.read(paths(id).end)
    if (ended) return ended.import
    const current = await this.read(paths(id).current)
    if (!current) return null
    if (!this.isGone(current)) return current.import
    const finishedAt = new Date().toISOString()
    const problem = problemOf(interrupted())
    const status = 'interrupted' as const
    await this.end({ ...current.import, status, problem, progress: null, finishedAt })
    return (await this.read(paths(id).end))?.import ?? null
  }

  async ids(): Promise<string[]> {
    return (await this.store.list(root)).filter(isImportId)
  }

  /** Tells the process of an import to end it. */
  async requestCancel(id: string): Promise<void> {
    await this.store.claim(paths(id).cancel)
  }

  async isCancelRequested(id: string): Promise<boolean> {
    return (await this.store.list(paths(id).root)).includes('cancel')
  }

  async remove(id: string): Promise<void> {
    await this.store.remove(paths(id).root)
  }

  /** Ends what dead processes left, and removes old imports. */
  async sweep(now = Date.now()): Promise<void> {
    const ids = await this.ids()
    for (const [i, id] of ids.entries()) {
      const found = await this.get(id)
      const isOld =
        !found?.finishedAt ||
        now - Date.parse(found.finishedAt) > keptMs ||
        i < ids.length - maxKept
      const isActive = found !== null && !endStatuses.some(status => status === found.status)
      if (isOld && !isActive) await this.remove(id)
    }
  }

  private async read(key: string): Promise<ImportRecord | null> {
    return this.store.readJson(key, importRecord).catch(nullIfDamaged)
  }

  private isGone({ owner, import: { id, updatedAt } }: ImportRecord): boolean {
    // its end could not be saved, such as on a full disk
    if (owner === this.owner) return !this.isRunning(id)
    if (isOfThisHost(owner)) return isDead(owner)
    return this.lastChange.silentMs(id, updatedAt) > silentMs
  }
}
