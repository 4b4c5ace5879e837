import { createHash } from 'node:crypto'
import { TrainyardError } from '../errors.js'
import type { JobManifest, JobRequest } from '../spec/job.js'
import type { Store } from '../store/store.js'
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
  ) {}

  /** Returns the key's job. Calls `plan` and creates the job if the key is new. */
  async submit(
    idempotencyKey: IdempotencyKey,
    request: JobRequest,
    plan: () => Promise<JobManifest>,
  ): Promise<Submitted> {
    const name = digest(JSON.stringify([idempotencyKey.id, idempotencyKey.key]))
    const requestDigest = digest(canonicalJson(request))
    const existing = await this.store.readJson<IdempotencyRecord>(recordPath(name))
    if (existing) return this.replay(existing, requestDigest)
    const manifest = { ...(await plan()), idempotency: name }
    if (
      !(await this.store.createJson<IdempotencyRecord>(recordPath(name), {
        requestDigest,
        manifest,
      }))
    ) {
      // a concurrent request with the same key has created the record
      return this.replay(
        (await this.store.readJson<IdempotencyRecord>(recordPath(name)))!,
        requestDigest,
      )
    }
    return { manifest, replayed: false, created: await this.records.create(manifest) }
  }

  /** Call before the job is removed: a replay must not create it again. */
  async markRemoved({ idempotency }: JobManifest): Promise<void> {
    const key = idempotency && recordPath(idempotency)
    const record = key && (await this.store.readJson<IdempotencyRecord>(key))
    if (!record || record.removed) return
    await this.store.replaceJson<IdempotencyRecord>(key, { ...record, removed: true })
  }

  /** Deletes records older than two days. */
  async sweep(now: number): Promise<void> {
    for (const file of await this.store.list('idempotency')) {
      const key = `idempotency/${file}`
      const record = await this.store.readJson<IdempotencyRecord>(key)
      if (record && now - Date.parse(record.manifest.createdAt) > retentionMs) {
        await this.store.remove(key)
      }
    }
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
