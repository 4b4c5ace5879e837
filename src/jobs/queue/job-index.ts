import type { Redis } from 'ioredis'
import { encodeTime } from 'ulid'
import type { JobManifest, JobStatus } from '../../spec/job.js'
import type { Lifecycle } from '../record/lifecycle.js'
import { isTerminal, publicStatus } from '../record/states.js'
import { ChangeLog } from './change-log.js'
import { queueUnavailable } from './errors.js'
import { missingFromSortedSet, redisNames } from './redis.js'

/** Conditions for a list of jobs. A job matches if it meets all of them. */
export interface JobFilter {
  status?: readonly JobStatus[]
  /** Each is `key:value`. The job has all of them. */
  labels?: readonly string[]
  model?: string
  /** An id or a name. */
  dataset?: string
  /** A prefix of the job's name. */
  name?: string
  createdAfter?: string
  createdBefore?: string
}

interface IndexEntry {
  name: string
  tags: string[]
}

const allStatuses = [...new Set(Object.values(publicStatus))]

/** Ids per scan step of a filtered list. */
const scanBatchSize = 1000

/** If more names share a prefix, scanning all jobs finds matches fast enough. */
const maxNameMatches = 50

/**
 * An inverted index of all jobs in Redis: for each tag (status, label, model kind, data set, name)
 * a sorted set of job ids. The reconciler rebuilds it from the store if Redis loses it. A status
 * may be older than the record until the next reconciliation.
 */
export class JobIndex {
  private readonly names
  /** Followers are told in the same transactions that change the index, so a list never lags behind an event. */
  private readonly changeLog: ChangeLog

  constructor(
    private readonly redis: Redis,
    prefix: string,
  ) {
    this.names = redisNames(prefix)
    this.changeLog = new ChangeLog(redis, prefix)
  }

  /** Returns up to `limit` ids older than `before`, newest first. */
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

  /** Ids of all jobs with one of these statuses, newest first within each. */
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

  /** Id of the oldest job with this status, or null. */
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
    const changes = this.redis
      .multi()
      .eval(addScript, keys.length, ...keys, ...statusUpdate.values, name, JSON.stringify(entry))
    await this.changeLog.noteJob(changes, { id, name, lifecycle }).exec()
  }

  /** Updates a job's status, unless the index has a newer version of it. */
  async updateStatus(id: string, lifecycle: Lifecycle): Promise<void> {
    if (lifecycle.state === 'removed') return
    const { keys, values } = this.statusUpdateArgs(id, lifecycle)
    const changes = this.redis.multi()
    // live state is only shown for running jobs
    if (isTerminal(lifecycle.state)) changes.del(this.names.live(id))
    changes.eval(updateStatusScript, keys.length, ...keys, ...values)
    await this.changeLog.noteJob(changes, { id, lifecycle }).exec()
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
    await this.changeLog.noteRemovedJob(changes, id).exec()
  }

  /** Returns whether all jobs have been added since Redis was last empty. */
  async isComplete(): Promise<boolean> {
    return (await this.redis.exists(this.names.complete).catch(throwUnavailable)) === 1
  }

  async markComplete(): Promise<void> {
    await this.redis.set(this.names.complete, 1)
    await this.changeLog.begin()
  }

  /** Returns those of the ids that are not in the index. */
  missing(ids: readonly string[]): Promise<string[]> {
    return missingFromSortedSet(this.redis, this.names.jobs, ids)
  }

  /** Keys and arguments of `updateStatusScript`. */
  private statusUpdateArgs(id: string, lifecycle: Lifecycle) {
    if (lifecycle.state === 'removed') throw new Error('a removed job has no status')
    const status = publicStatus[lifecycle.state]
    const others = allStatuses.filter(other => other !== status)
    const sets = [status, ...others].map(each => this.names.tagged(`status:${each}`))
    return { keys: [this.names.states, ...sets], values: [id, lifecycle.version, status] }
  }

  /**
   * Picks the condition with the fewest ids and returns its sets, or the set of all jobs if there
   * is no condition. `exact` if every id in the sets matches the filter.
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

  /** Tags of the names with the prefix; null without a prefix or if too many names share it. */
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
    // the status is not among the tags of an entry, because it changes
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

/**
 * Sets a job's version and status and moves its id to that status' set, unless a newer version is
 * stored.
 */
const updateStatusScript = `
  local known = redis.call('HGET', KEYS[1], ARGV[1])
  if known and tonumber(string.match(known, '^%d+')) > tonumber(ARGV[2]) then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. ARGV[3])
  redis.call('ZADD', KEYS[2], 0, ARGV[1])
  for i = 3, ${allStatuses.length + 1} do redis.call('ZREM', KEYS[i], ARGV[1]) end
  return 1`

/**
 * Adds a job and its status. Takes the keys and arguments of `updateStatusScript` first. One script
 * instead of a dozen commands, because sending them takes most of the time.
 */
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

/** The tags of each condition. A job meets a condition if it has one of its tags. */
function tagSets(filter: JobFilter): string[][] {
  return [
    ...(filter.status ? [filter.status.map(status => `status:${status}`)] : []),
    ...(filter.labels ?? []).map(label => [`label:${label}`]),
    ...(filter.model ? [[`model:${filter.model}`]] : []),
    ...(filter.dataset ? [[`dataset:${filter.dataset}`]] : []),
  ]
}

/** The smallest job id (a ULID) of the millisecond `offsetMs` after `time`. */
function lowestIdAt(time: string, offsetMs: number): string {
  const ms = Math.min(Math.max(0, Date.parse(time) + offsetMs), 2 ** 48 - 1)
  return `job-${encodeTime(ms, 10).toLowerCase()}`
}

function throwUnavailable(cause: unknown): never {
  throw queueUnavailable(cause)
}
