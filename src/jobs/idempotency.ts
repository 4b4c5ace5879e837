import { createHash } from 'node:crypto'
import { TrainyardError } from '../errors.js'
import type { JobManifest, JobRequest } from '../spec/job.js'
import type { Store } from '../store/store.js'
import type { JobRecords } from './record/records.js'

/** An Idempotency-Key, and who sent it: keys of two callers never meet. */
export interface IdempotencyKey {
  id: string
  key: string
}

interface IdempotencyRecord {
  /** SHA-256 of the request, its fields sorted. */
  requestDigest: string
  manifest: JobManifest
  /** The job was removed since: the answer stays, the job does not come back. */
  removed?: true
}

export interface Submitted {
  manifest: JobManifest
  /** The key came before. */
  replayed: boolean
  /** The job was not there yet. */
  created: boolean
}

const recordPath = (name: string) => `idempotency/${name}.json`
const retentionMs = 48 * 3600_000

/**
 * Which job a key has made. The record is created exclusively before the job and holds all of it:
 * whoever comes with the key again finishes what a crash between the two has left undone.
 */
export class IdempotencyKeys {
  constructor(
    private readonly store: Store,
    private readonly records: JobRecords,
  ) {}

  /** The job of the key, made now or before. `plan` is asked where the key is new. */
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
      // another request with the key was faster: there is a record now
      return this.replay(
        (await this.store.readJson<IdempotencyRecord>(recordPath(name)))!,
        requestDigest,
      )
    }
    return { manifest, replayed: false, created: await this.records.create(manifest) }
  }

  /** Before the job goes: a key that comes again must not bring it back. */
  async markRemoved({ idempotency }: JobManifest): Promise<void> {
    const key = idempotency && recordPath(idempotency)
    const record = key && (await this.store.readJson<IdempotencyRecord>(key))
    if (record) await this.store.replaceJson<IdempotencyRecord>(key, { ...record, removed: true })
  }

  /** Forgets keys of two days ago. */
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

/** JSON with sorted fields: the order in which a client writes them means nothing. */
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
    'this Idempotency-Key came with another request before; take a new key for a new job',
  )
