import { Type } from 'typebox'
import { Name, Timestamp } from '../../spec/identifiers.js'
import type { JobManifest } from '../../spec/job.js'
import { defaultPriority, Labels, Priority } from '../../spec/labels.js'
import { NoteList } from '../../spec/note.js'
import { shapeOf } from '../../store/shape.js'
import type { Store } from '../../store/store.js'
import { jobPaths } from './job-paths.js'
import { StoredMemory, StoredResources } from './record-shapes.js'

/** What a job asks of its workers, and what follows from it. */
export type Placing = Pick<JobManifest, 'resources' | 'requires' | 'notes' | 'memory'>

/** What clients may change of a job after its submission. */
export interface EditableFields
  extends Required<Pick<JobManifest, 'name' | 'labels' | 'priority'>> {
  placing: Placing
}

interface JobEdit extends Omit<EditableFields, 'placing'> {
  at: string
  /** Absent in edits that are older than it: that of the manifest. */
  placing?: Placing
}

const placing = Type.Object({
  resources: Type.Optional(StoredResources),
  requires: Type.Optional(Type.Array(Type.String())),
  notes: Type.Optional(NoteList),
  memory: Type.Optional(StoredMemory),
})

const jobEdit = shapeOf<JobEdit>(
  Type.Object({
    name: Name,
    labels: Labels,
    priority: Priority,
    placing: Type.Optional(placing),
    at: Timestamp,
  }),
)

export const placingOf = ({ resources, requires, notes, memory }: JobManifest): Placing => ({
  ...(resources && { resources }),
  ...(requires && { requires }),
  ...(notes && { notes }),
  ...(memory && { memory }),
})

export const editableFieldsOf = (manifest: JobManifest): EditableFields => {
  const { name, labels = {}, priority = defaultPriority } = manifest
  return { name, labels, priority, placing: placingOf(manifest) }
}

/**
 * The changes of a job's name, labels, priority and resources, as numbered files. Each has all fields as they are after
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
    const { name, labels, priority, placing = placingOf(manifest) } = edit
    const { resources: _1, requires: _2, notes: _3, memory: _4, ...rest } = manifest
    return { ...(rest as JobManifest), name, labels, priority, ...placing, revision }
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
