import { DamagedError, TrainyardError } from '../../errors.js'
import {
  type Annotation,
  type AnnotationPatch,
  AnnotationRecord,
  maxTagsOfVersion,
} from '../../spec/model-annotation.js'
import { shapeOf } from '../../store/shape.js'
import type { Store } from '../../store/store.js'
import type { ChangeAuthor } from './model-aliases.js'
import { modelRecordPaths } from './model-record-paths.js'

const annotationRecord = shapeOf<AnnotationRecord>(AnnotationRecord)

export const noAnnotation: Annotation = { stage: null, note: null, tags: {} }

/** Stage, note and tags of versions: numbered records beside them, each with all that holds from then on. */
export class VersionAnnotations {
  constructor(private readonly store: Store) {}

  async get(name: string, version: number): Promise<Annotation> {
    const n = await this.newest(name, version)
    if (n === 0) return noAnnotation
    const { stage, note, tags } = await this.read(name, version, n)
    return { stage, note, tags }
  }

  async patch(
    name: string,
    version: number,
    { stage, note, tags = {} }: Omit<AnnotationPatch, 'reason'>,
    author: ChangeAuthor,
  ): Promise<Annotation> {
    for (;;) {
      const n = await this.newest(name, version)
      const before = n === 0 ? null : await this.read(name, version, n)
      const known: Annotation = before ?? noAnnotation
      const merged = Object.entries({ ...known.tags, ...tags }).filter(([, text]) => text !== null)
      if (merged.length > maxTagsOfVersion) throw tooManyTags(name, version, merged.length)
      const annotation = {
        stage: stage === undefined ? known.stage : stage,
        note: note === undefined ? known.note : note,
        tags: Object.fromEntries(merged) as Annotation['tags'],
      }
      const now = new Date().toISOString()
      const at = before && before.at > now ? before.at : now
      const key = modelRecordPaths(name).annotation(version, n + 1)
      // false: another writer was first, so merge with what it wrote
      if (await this.store.createJson<AnnotationRecord>(key, { ...annotation, at, ...author }))
        return annotation
    }
  }

  /** A page, newest first. */
  async history(
    name: string,
    version: number,
    { limit, before }: { limit: number; before?: number | undefined },
  ): Promise<{ items: AnnotationRecord[]; next: number | null }> {
    const newest = await this.newest(name, version)
    const last = Math.min(newest, (before ?? Number.POSITIVE_INFINITY) - 1)
    const first = Math.max(1, last - limit + 1)
    const numbers = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => last - i)
    const items = await Promise.all(numbers.map(n => this.read(name, version, n)))
    return { items, next: first > 1 ? first : null }
  }

  remove(name: string, version: number): Promise<void> {
    return this.store.remove(modelRecordPaths(name).version(version))
  }

  private async newest(name: string, version: number): Promise<number> {
    const names = await this.store.list(modelRecordPaths(name).version(version))
    return Math.max(0, ...names.map(each => Number(/^([1-9]\d{0,8})\.json$/.exec(each)?.[1] ?? 0)))
  }

  private async read(name: string, version: number, n: number): Promise<AnnotationRecord> {
    const key = modelRecordPaths(name).annotation(version, n)
    const found = await this.store.readJsonCached<AnnotationRecord>(key, annotationRecord)
    if (!found) throw new DamagedError(key, 'is missing')
    return found
  }
}

function tooManyTags(name: string, version: number, count: number): TrainyardError {
  const message = `version ${version} of model '${name}' would have ${count} tags, expected at most ${maxTagsOfVersion}: remove some by null`
  return new TrainyardError('TOO_MANY_TAGS', message, {
    errors: [{ path: '/tags', code: 'too_long', message }],
  })
}
