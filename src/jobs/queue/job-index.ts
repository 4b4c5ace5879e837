import type { Redis } from 'ioredis'
import { encodeTime } from 'ulid'
import type { JobManifest, JobStatus } from '../../spec/job.js'
import type { Lifecycle } from '../record/lifecycle.js'
import { isTerminal, publicStatus } from '../record/states.js'
import { queueUnavailable } from './errors.js'
import { missingFromSortedSet, redisNames } from './redis.js'

/** What a list may be narrowed to: every condition that is given holds. */
export interface JobFilter {
  status?: readonly JobStatus[]
  /** `key:value` each. */
  labels?: readonly string[]
  model?: string
  /** An id or a name. */
  dataset?: string
  /** The beginning of a job's name. */
  name?: string
  createdAfter?: string
  createdBefore?: string
}

interface IndexEntry {
  name: string
  tags: string[]
}

const allStatuses = [...new Set(Object.values(publicStatus))]

/** How many ids are looked at in one go. */
const scanBatchSize = 1000

/** A beginning that more names share is met often enough by walking through all jobs. */
const maxNameMatches = 50

/**
 * Which jobs there are, newest first, and what they are listed by. It is rebuilt from the store
 * where Redis has forgotten; a status may lag behind the record until the reconciler comes by.
 */
export class JobIndex {
  private readonly names

  constructor(
    private readonly redis: Redis,
    prefix: string,
  ) {
    this.names = redisNames(prefix)
  }

  /** Ids older than `before`, newest first. */
  async page(limit: number, before: string | undefined, filter: JobFilter = {}): Promise<string[]> {
    const { sets, exact } = await this.smallestSets(filter)
    const floor = filter.createdAfter ? `[${lowestIdAt(filter.createdAfter, 1)}` : '-'
    let ceiling = before === undefined ? '+' : `(${before}`
    if (filter.createdBefore) {
      const latest = lowestIdAt(filter.createdBefore, 0)
      if (before === undefined || latest < before) ceiling = `(${latest}`
    }
    const found: string[] = []
    const size = exact ? limit : scanBatchSize
    while (found.length < limit) {
      const ids = await this.newest(sets, ceiling, floor, size)
      found.push(...(exact ? ids : await this.matching(ids, filter)))
      if (ids.length < size) break
      ceiling = `(${ids.at(-1)}`
    }
    return found.slice(0, limit)
  }

  /** All with one of these statuses, newest first. */
  async idsWithStatus(...wantedStatuses: JobStatus[]): Promise<string[]> {
    const keys = wantedStatuses.map(status => this.names.tagged(`status:${status}`))
    const ids = await Promise.all(keys.map(key => this.redis.zrevrange(key, 0, -1))).catch(
      throwUnavailable,
    )
    return ids.flat()
  }

  async counts(): Promise<Record<JobStatus, number>> {
    const keys = allStatuses.map(status => this.names.tagged(`status:${status}`))
    const counts = await Promise.all(keys.map(key => this.redis.zcard(key))).catch(throwUnavailable)
    return Object.fromEntries(allStatuses.map((status, i) => [status, counts[i]])) as Record<
      JobStatus,
      number
    >
  }

  /** The first of those with this status that was submitted. */
  async oldest(status: JobStatus): Promise<string | null> {
    const key = this.names.tagged(`status:${status}`)
    const [id = null] = await this.redis
      .zrangebylex(key, '-', '+', 'LIMIT', 0, 1)
      .catch(throwUnavailable)
    return id
  }

  async add(manifest: JobManifest, lifecycle: Lifecycle): Promise<void> {
    const { id, name } = manifest
    const entry: IndexEntry = { name, tags: tagsOf(manifest) }
    const { jobs, jobNames, entries } = this.names
    const statusUpdate = this.statusUpdateArgs(id, lifecycle)
    const tagged = entry.tags.map(tag => this.names.tagged(tag))
    const keys = [...statusUpdate.keys, jobs, jobNames, entries, ...tagged]
    await this.redis.eval(
      addScript,
      keys.length,
      ...keys,
      ...statusUpdate.values,
      name,
      JSON.stringify(entry),
    )
  }

  /** What has become of a job; a view that is older than one noted before changes nothing. */
  async updateStatus(id: string, lifecycle: Lifecycle): Promise<void> {
    if (lifecycle.state === 'removed') return
    const { keys, values } = this.statusUpdateArgs(id, lifecycle)
    const changes = this.redis.multi()
    // what its worker said last is nobody's concern any more
    if (isTerminal(lifecycle.state)) changes.del(this.names.live(id))
    await changes.eval(updateStatusScript, keys.length, ...keys, ...values).exec()
  }

  async remove(id: string): Promise<void> {
    const text = await this.redis.hget(this.names.entries, id)
    const { tags } = text === null ? { tags: [] } : (JSON.parse(text) as IndexEntry)
    const changes = this.redis
      .multi()
      .zrem(this.names.jobs, id)
      .hdel(this.names.entries, id)
      .hdel(this.names.states, id)
      .del(this.names.live(id))
    for (const tag of [...tags, ...allStatuses.map(status => `status:${status}`)]) {
      changes.zrem(this.names.tagged(tag), id)
    }
    await changes.exec()
  }

  /** Whether all jobs were added since Redis was empty. */
  async isComplete(): Promise<boolean> {
    return (await this.redis.exists(this.names.complete).catch(throwUnavailable)) === 1
  }

  async markComplete(): Promise<void> {
    await this.redis.set(this.names.complete, 1)
  }

  /** Those of the ids that it has never been told of, or has forgotten. */
  missing(ids: readonly string[]): Promise<string[]> {
    return missingFromSortedSet(this.redis, this.names.jobs, ids)
  }

  /** What `noteScript` takes. */
  private statusUpdateArgs(id: string, lifecycle: Lifecycle) {
    if (lifecycle.state === 'removed') throw new Error('a removed job has no status')
    const status = publicStatus[lifecycle.state]
    const others = allStatuses.filter(other => other !== status)
    const sets = [status, ...others].map(each => this.names.tagged(`status:${each}`))
    return { keys: [this.names.states, ...sets], values: [id, lifecycle.version, status] }
  }

  /**
   * The smallest sets that hold all that matches: those of one condition, or of all jobs. `exact`:
   * they hold nothing else.
   */
  private async smallestSets(filter: JobFilter): Promise<{ sets: string[]; exact: boolean }> {
    const nameTags = await this.nameTags(filter.name)
    const candidates = [...tagSets(filter), ...(nameTags ? [nameTags] : [])].map(tags =>
      tags.map(tag => this.names.tagged(tag)),
    )
    const exact = !filter.name || nameTags !== null
    if (candidates.length < 2) return { sets: candidates[0] ?? [this.names.jobs], exact }
    const sizes = await Promise.all(
      candidates.map(async keys => {
        const counts = await Promise.all(keys.map(key => this.redis.zcard(key)))
        return counts.reduce((sum, count) => sum + count, 0)
      }),
    ).catch(throwUnavailable)
    return { sets: candidates[sizes.indexOf(Math.min(...sizes))]!, exact: false }
  }

  /** The tags of the names that begin so; null where they are too many. */
  private async nameTags(namePrefix: string | undefined): Promise<string[] | null> {
    if (namePrefix === undefined) return null
    const names = await this.redis
      .zrangebylex(
        this.names.jobNames,
        `[${namePrefix}`,
        `[${namePrefix}\x7f`,
        'LIMIT',
        0,
        maxNameMatches + 1,
      )
      .catch(throwUnavailable)
    return names.length > maxNameMatches ? null : names.map(name => `name:${name}`)
  }

  private async newest(sets: readonly string[], ceiling: string, floor: string, size: number) {
    const found = await Promise.all(
      sets.map(key => this.redis.zrevrangebylex(key, ceiling, floor, 'LIMIT', 0, size)),
    ).catch(throwUnavailable)
    return found.length === 1
      ? found[0]!
      : [...new Set(found.flat())].sort().reverse().slice(0, size)
  }

  private async matching(ids: readonly string[], filter: JobFilter): Promise<string[]> {
    if (ids.length === 0) return []
    const [entries, states] = await Promise.all([
      this.redis.hmget(this.names.entries, ...ids),
      filter.status ? this.redis.hmget(this.names.states, ...ids) : null,
    ]).catch(throwUnavailable)
    // a status is no tag of the entry: it changes
    const { status: requestedStatuses, ...others } = filter
    const conditions = tagSets(others)
    return ids.filter((_, i) => {
      const text = entries[i]
      if (!text) return false
      const { name, tags } = JSON.parse(text) as IndexEntry
      const status = states?.[i]?.split(':')[1]
      if (requestedStatuses && !requestedStatuses.some(one => one === status)) return false
      if (filter.name && !name.startsWith(filter.name)) return false
      return conditions.every(some => some.some(tag => tags.includes(tag)))
    })
  }
}

/** Only a newer view of a job moves it from one status to another. */
const updateStatusScript = `
  local known = redis.call('HGET', KEYS[1], ARGV[1])
  if known and tonumber(string.match(known, '^%d+')) > tonumber(ARGV[2]) then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. ARGV[3])
  redis.call('ZADD', KEYS[2], 0, ARGV[1])
  for i = 3, ${allStatuses.length + 1} do redis.call('ZREM', KEYS[i], ARGV[1]) end
  return 1`

/** Takes what `noteScript` takes first. One command, not a dozen: most of what an add costs is sending it. */
const addScript = `
  local first = ${allStatuses.length + 2}
  redis.call('ZADD', KEYS[first], 0, ARGV[1])
  redis.call('ZADD', KEYS[first + 1], 0, ARGV[4])
  redis.call('HSET', KEYS[first + 2], ARGV[1], ARGV[5])
  for i = first + 3, #KEYS do redis.call('ZADD', KEYS[i], 0, ARGV[1]) end
  ${updateStatusScript}`

function tagsOf({ name, model, dataset, labels = {} }: JobManifest): string[] {
  const labelTags = Object.entries(labels).map(([key, value]) => `label:${key}:${value}`)
  const datasetTags = [`dataset:${dataset.id}`, `dataset:${dataset.name}`]
  return [`name:${name}`, `model:${model.kind}`, ...datasetTags, ...labelTags]
}

/** The tags of each condition; one of them is enough. */
function tagSets(filter: JobFilter): string[][] {
  return [
    ...(filter.status ? [filter.status.map(status => `status:${status}`)] : []),
    ...(filter.labels ?? []).map(label => [`label:${label}`]),
    ...(filter.model ? [[`model:${filter.model}`]] : []),
    ...(filter.dataset ? [[`dataset:${filter.dataset}`]] : []),
  ]
}

/** The smallest id of a moment's millisecond, or of a later one's. */
function lowestIdAt(time: string, offsetMs: number): string {
  const ms = Math.min(Math.max(0, Date.parse(time) + offsetMs), 2 ** 48 - 1)
  return `job-${encodeTime(ms, 10).toLowerCase()}`
}

function throwUnavailable(cause: unknown): never {
  throw queueUnavailable(cause)
}
