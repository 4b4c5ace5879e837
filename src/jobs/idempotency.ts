import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import { TrainyardError } from '../errors.js'
import type { JobManifest, JobRequest } from '../spec/job.js'
import { DamageRegistry } from '../store/damage-registry.js'
import { shapeOf } from '../store/shape.js'
import type { Store } from '../store/store.js'
import { jobManifestSchema } from './record/record-shapes.js'
import type { JobRecords } from './record/records.js'

/**
 * An `Idempotency-Key` header and the id of the API key it came with: callers do not share keys.
 */
export interface IdempotencyKey {
  id: string
  key: string
}

interface IdempotencyRecord {
  /** SHA-256 of the request as canonical JSON. */
  requestDigest: string
  manifest: JobManifest
  /**
   * The job has been removed. A replay returns the same answer and does not create the job again.
   */
  removed?: true
}

export interface Submitted {
  manifest: JobManifest
  /** The key was used before. */
  replayed: boolean
  /** The job did not exist. */
  created: boolean
}

const idempotencyRecord = shapeOf<IdempotencyRecord>(
  Type.Object({
    requestDigest: Type.String(),
    manifest: jobManifestSchema,
    removed: Type.Optional(Type.Boolean()),
  }),
)

const recordPath = (name: string) => `idempotency/${name}.json`
const retentionMs = 48 * 3600_000

/**
 * Remembers which job each idempotency key created. The record is created before the job and holds
 * the job's manifest, so after a crash between the two, the next request with the key creates the
 * job.
 */
export class IdempotencyKeys {
  constructor(
    private readonly store: Store,
    private readonly records: JobRecords,
    private readonly damage: DamageRegistry = new DamageRegistry(),
  ) {}

  /**
   * Throws a DamagedError if the record of the key is damaged: whether it has created a job is unknown then.
   * Returns the key's job. Calls `plan` and creates the job if the key is new.
   */
  async submit(
    idempotencyKey: IdempotencyKey,
    request: JobRequest,
    plan: () => Promise<JobManifest>,
  ): Promise<Submitted> {
    const name = digest(JSON.stringify([idempotencyKey.id, idempotencyKey.key]))
    const requestDigest = digest(canonicalJson(request))
    const existing = await this.read(name)
    if (existing) return this.replay(existing, requestDigest)
    const manifest = { ...(await plan()), idempotency: name }
    if (
      !(await this.store.createJson<IdempotencyRecord>(recordPath(name), {
        requestDigest,
        manifest,
      }))
    ) {
      // a concurrent request with the same key has created the record
      return this.replay((await this.read(name))!, requestDigest)
    }
    return { manifest, replayed: false, created: await this.records.create(manifest) }
  }

  /** Call before the job is removed: a replay must not create it again. */
  async markRemoved({ idempotency }: JobManifest): Promise<void> {
    if (idempotency) await this.markRecord(idempotency, () => true)
  }

  /** `markRemoved` for a job whose manifest is damaged: searches all records for its id. */
  async markRemovedById(id: string): Promise<void> {
    for (const name of await this.names()) {
      await this.markRecord(name, ({ manifest }) => manifest.id === id)
    }
  }

  /** Deletes records older than two days. A damaged one, whose age is unknown, stays. */
  async sweep(now: number): Promise<void> {
    const names = await this.names()
    this.damage.retain('idempotency_key', new Set(names.map(recordPath)))
    for (const name of names) {
      const record = await this.tryRead(name)
      if (record && now - Date.parse(record.manifest.createdAt) > retentionMs) {
        await this.store.remove(recordPath(name))
      }
    }
  }

  private async names(): Promise<string[]> {
    const files = await this.store.list('idempotency')
    return files.filter(file => /^[0-9a-f]{64}\.json$/.test(file)).map(file => file.slice(0, 64))
  }

  private read(name: string): Promise<IdempotencyRecord | null> {
    return this.store.readJson(recordPath(name), idempotencyRecord)
  }

  private tryRead(name: string): Promise<IdempotencyRecord | null> {
    return this.damage.tryRead('idempotency_key', recordPath(name), () => this.read(name))
  }

  private async markRecord(
    name: string,
    matches: (record: IdempotencyRecord) => boolean,
  ): Promise<void> {
    const record = await this.tryRead(name)
    if (!record || record.removed || !matches(record)) return
    await this.store.replaceJson<IdempotencyRecord>(recordPath(name), { ...record, removed: true })
  }

  private async replay(
    { requestDigest: storedDigest, manifest, removed }: IdempotencyRecord,
    requestDigest: string,
  ): Promise<Submitted> {
    if (storedDigest !== requestDigest) throw keyReused()
    const created = !removed && (await this.records.create(manifest))
    return { manifest, replayed: true, created }
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex')

/** JSON with sorted keys, because their order has no meaning. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

const keyReused = () =>
  new TrainyardError(
    'IDEMPOTENCY_KEY_REUSED',
    'this Idempotency-Key was used for a different request; use a new key for a new job',
  )
