import { setImmediate } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { encodeTime } from 'ulid'
import { matches } from '../../lists/condition.js'
import { decodeCursor, encodeCursor } from '../../lists/cursor.js'
import type { Order } from '../../lists/order.js'
import { type ListQuery, PageSelector, type Selection } from '../../lists/page-selector.js'
import type { JobStatus } from '../../spec/job.js'
import type { JobFacets } from '../../spec/job-facets.js'
import { throwUnavailable } from './errors.js'
import { FacetCounter } from './job-facets.js'
import { applyLiveState, type JobRow, type TaggedRow } from './job-row.js'
import { readLiveStates } from './live-state.js'
import { maxRows, noDigest, ParsedRows } from './parsed-rows.js'
import { redisNames } from './redis.js'

/** Conditions for a list of jobs. A job matches if it meets all of them. */
export interface JobFilter {
  /** The job is one of these. */
  ids?: readonly string[]
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

export type JobSearchQuery = JobFilter & ListQuery
export type JobConditions = JobFilter & Pick<ListQuery, 'where'>

/** Ids are ULIDs, so this is newest first. */
export const jobOrder: Order = { keys: [], idsDescending: true }

/** Jobs that are read from Redis at once. To look at them takes a few milliseconds, then other work runs. */
const batchSize = 1000
/** Jobs whose JSON is parsed before other work of the process runs. */
export const parsedAtOnce = 250

/** If more names share a prefix, scanning all jobs finds matches fast enough. */
const maxNameMatches = 50

/** Finds jobs in the index (see `JobIndex`). */
export class JobSearch {
  private readonly names
  private readonly parsed = new ParsedRows()

  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {
    this.names = redisNames(prefix)
  }

  /** The ids of one page, and how many jobs match. Throws INVALID_CURSOR. */
  async page(query: JobSearchQuery): Promise<Selection<string>> {
    const { sets, exact } = await this.smallestSets(query)
    if (exact && !query.ids && !query.sort && !query.where) return this.exactPage(query, sets)
    const selector = new PageSelector<string>(query, jobOrder)
    for await (const rows of this.matching(sets, query)) {
      selector.add(rows.map(row => ({ id: row.id, document: row, item: row.id })))
    }
    return selector.selection()
  }

  /** Counts the values that the matching jobs have. */
  async facets(query: JobConditions): Promise<JobFacets> {
    const { sets } = await this.smallestSets(query)
    const counter = new FacetCounter()
    for await (const rows of this.matching(sets, query)) {
      const { where = [] } = query
      counter.add(rows.filter(row => where.every(condition => matches(row, condition))))
    }
    return counter.facets()
  }

  /**
   * Reads the newest jobs, as many as are kept, before someone asks for them: the first sorted list of ten thousand
   * jobs would take a second.
   */
  async readAhead(signal: AbortSignal): Promise<void> {
    let left = maxRows
    for await (const rows of this.batches([this.names.jobs], {})) {
      left -= rows.length
      if (signal.aborted || left <= 0) return
      await setImmediate()
    }
  }

  /** The jobs as the index has them; leaves out those that are gone. */
  async rows(ids: readonly string[]): Promise<JobRow[]> {
    const found = await this.read(ids)
    return this.withLiveState(found.map(({ row }) => row))
  }

  /** Up to `limit` ids of jobs that match, older than `before`, newest first. */
  async ids(limit: number, before: string | null, filter: JobFilter): Promise<string[]> {
    const cursor = before === null ? undefined : encodeCursor({ id: before, values: [] }, jobOrder)
    return (await this.page({ ...filter, limit, cursor })).items
  }

  /** If every id of the sets matches, no job needs to be looked at. */
  private async exactPage(query: JobSearchQuery, sets: readonly string[]) {
    const { limit, cursor } = query
    const before = cursor === undefined ? null : decodeCursor(cursor, jobOrder).id
    const { floor, ceiling } = timeRange(query)
    const [counts, found] = await Promise.all([
      Promise.all(sets.map(key => this.redis.zlexcount(key, floor, ceiling))),
      this.newest(sets, before === null ? ceiling : lower(ceiling, before), floor, limit + 1),
    ]).catch(throwUnavailable)
    const items = found.slice(0, limit)
    return {
      items,
      cursors: items.map(id => encodeCursor({ id, values: [] }, jobOrder)),
      hasMore: found.length > limit,
      total: counts.reduce((sum, count) => sum + count, 0),
    }
  }

  /** The matching jobs of the sets, in batches; lets other work run after each. */
  private async *matching(sets: readonly string[], filter: JobFilter): AsyncGenerator<JobRow[]> {
    const batches = filter.ids
      ? [await this.read(givenIds(filter.ids, filter))]
      : this.batches(sets, filter)
    for await (const found of batches) {
      const matching = found.filter(candidate => matchesFilter(candidate, filter))
      yield await this.withLiveState(matching.map(({ row }) => row))
      await setImmediate()
    }
  }

  /** The jobs of the sets, newest first. */
  private async *batches(sets: readonly string[], filter: JobFilter): AsyncGenerator<TaggedRow[]> {
    const { floor, ceiling: newest } = timeRange(filter)
    for (let ceiling = newest; ; ) {
      const { ids, rows } = await this.readBatch(sets, ceiling, floor).catch(throwUnavailable)
      if (rows.length > 0) yield rows
      if (ids.length < batchSize) return
      ceiling = `(${ids.at(-1)}`
    }
  }

  private async readBatch(sets: readonly string[], ceiling: string, floor: string) {
    const [set, ...others] = sets
    if (!set || others.length > 0) {
      const ids = await this.newest(sets, ceiling, floor, batchSize)
      return { ids, rows: await this.read(ids) }
    }
    // the same in one round trip, and without sending the ids back
    const keys = [set, this.names.digests]
    const found = await this.redis.eval(
      readNewestScript,
      keys.length,
      ...keys,
      ...[ceiling, floor, batchSize],
    )
    const [ids, digests] = (found as string[]).map(text => text.split(' ').filter(Boolean))
    return { ids: ids!, rows: await this.rowsOf(ids!, digests!) }
  }

  private async read(ids: readonly string[]): Promise<TaggedRow[]> {
    if (ids.length === 0) return []
    const digests = await this.redis.hmget(this.names.digests, ...ids).catch(throwUnavailable)
    return this.rowsOf(
      ids,
      digests.map(digest => digest ?? noDigest),
    )
  }

  /** Asks Redis only for the jobs that have changed since they were read before. */
  private async rowsOf(ids: readonly string[], digests: readonly string[]): Promise<TaggedRow[]> {
    const rows = ids.map((id, i) => this.parsed.find(id, digests[i]!))
    const unknown = ids.map((_, i) => i).filter(i => rows[i] === undefined)
    const { documents, states } = this.names
    for (let from = 0; from < unknown.length; from += parsedAtOnce) {
      const places = unknown.slice(from, from + parsedAtOnce)
      const wanted = places.map(place => ids[place]!)
      const [found, foundStates] = await Promise.all([
        this.redis.hmget(documents, ...wanted),
        this.redis.hmget(states, ...wanted),
      ]).catch(throwUnavailable)
      for (const [i, place] of places.entries()) {
        const [document, state] = [found[i], foundStates[i]]
        // a job that is removed at this moment has neither
        if (!document || !state) continue
        rows[place] = this.parsed.parse(ids[place]!, digests[place]!, document, state)
      }
    }
    return rows.filter(row => row !== undefined)
  }

  private async withLiveState(rows: JobRow[]): Promise<JobRow[]> {
    const running = rows.filter(({ status }) => status === 'running')
    const ids = running.map(({ id }) => id)
    const found = await readLiveStates(this.redis, this.prefix, ids).catch(throwUnavailable)
    for (const [i, row] of running.entries()) applyLiveState(row, found[i])
    return rows
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
    )
    return found.length === 1
      ? found[0]!
      : [...new Set(found.flat())].sort().reverse().slice(0, size)
  }
}

/** Two texts instead of thousands, which take longer to read than all else. */
const readNewestScript = `
  local ceiling, floor, count = unpack(ARGV)
  local ids = redis.call('ZREVRANGEBYLEX', KEYS[1], ceiling, floor, 'LIMIT', 0, count)
  if #ids == 0 then return { '', '' } end
  local digests = redis.call('HMGET', KEYS[2], unpack(ids))
  for i = 1, #ids do digests[i] = digests[i] or '${noDigest}' end
  return { table.concat(ids, ' '), table.concat(digests, ' ') }`

/** Whether a job has one of the statuses, and one of the tags of each condition. */
function matchesFilter({ row, tags }: TaggedRow, filter: JobFilter): boolean {
  // the status is not among the tags of a document, because it changes
  const { status: statuses, name = '', ...others } = filter
  if (statuses && !statuses.some(status => status === row.status)) return false
  if (!row.name.startsWith(name)) return false
  return tagSets(others).every(some => some.some(tag => tags.includes(tag)))
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

/** The ids of the jobs that were created in a time, as bounds of Redis' ranges. */
function timeRange({ createdAfter, createdBefore }: JobFilter) {
  return {
    floor: createdAfter ? `[${lowestIdAt(createdAfter, 1)}` : '-',
    ceiling: createdBefore ? `(${lowestIdAt(createdBefore, 0)}` : '+',
  }
}

/** Those of the ids whose jobs were created in the time of the filter, newest first. */
function givenIds(ids: readonly string[], filter: JobFilter): string[] {
  const { floor, ceiling } = timeRange(filter)
  return [...new Set(ids)]
    .filter(id => floor === '-' || id >= floor.slice(1))
    .filter(id => ceiling === '+' || id < ceiling.slice(1))
    .sort()
    .reverse()
}

/** The ceiling that excludes the id and everything above it, too. */
const lower = (ceiling: string, id: string) =>
  ceiling === '+' || id < ceiling.slice(1) ? `(${id}` : ceiling

/** The smallest job id (a ULID) of the millisecond `offsetMs` after `time`. */
function lowestIdAt(time: string, offsetMs: number): string {
  const ms = Math.min(Math.max(0, Date.parse(time) + offsetMs), 2 ** 48 - 1)
  return `job-${encodeTime(ms, 10).toLowerCase()}`
}
