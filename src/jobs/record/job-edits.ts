import { Type } from 'typebox'
import { Name, Timestamp } from '../../spec/identifiers.js'
import type { JobManifest } from '../../spec/job.js'
import { defaultPriority, Labels, Priority } from '../../spec/labels.js'
import { shapeOf } from '../../store/shape.js'
import type { Store } from '../../store/store.js'
import { jobPaths } from './job-paths.js'

/** What clients may change of a job after its submission. */
export type EditableFields = Required<Pick<JobManifest, 'name' | 'labels' | 'priority'>>

interface JobEdit extends EditableFields {
  at: string
}

const jobEdit = shapeOf<JobEdit>(
  Type.Object({ name: Name, labels: Labels, priority: Priority, at: Timestamp }),
)

export const editableFieldsOf = ({
  name,
  labels = {},
  priority = defaultPriority,
}: JobManifest): EditableFields => ({ name, labels, priority })

/**
 * The changes of a job's name, labels and priority, as numbered files. Each has all three fields as they are after
 * it, so only the newest is read. As in the journal, a writer creates the next file exclusively, so that none of two
 * concurrent changes is lost.
 */
export class JobEdits {
  constructor(private readonly store: Store) {}

  /** The manifest with the newest change. */
  async applyTo(manifest: JobManifest): Promise<JobManifest> {
    const revision = await this.newest(manifest.id)
    if (revision === 0) return manifest
    const edit = await this.store.readJson<JobEdit>(jobPaths(manifest.id).edit(revision), jobEdit)
    // null if the job is removed at this moment
    if (!edit) return manifest
    const { name, labels, priority } = edit
    return { ...manifest, name, labels, priority, revision }
  }

  /** Returns false if another change came first. `manifest` is what the change was made from. */
  add({ id, revision = 0 }: JobManifest, fields: EditableFields): Promise<boolean> {
    const at = new Date().toISOString()
    return this.store.createJson<JobEdit>(jobPaths(id).edit(revision + 1), { ...fields, at })
  }

  private async newest(id: string): Promise<number> {
    const names = await this.store.list(jobPaths(id).edits)
    return Math.max(0, ...names.map(name => Number(/^([1-9]\d{0,8})\.json$/.exec(name)?.[1] ?? 0)))
  }
}
