import type { Redis } from 'ioredis'
import type { JobStatus } from '../../spec/job.js'
import { isTerminal, publicStatus } from '../record/states.js'
import { ChangeLog } from './change-log.js'
import { throwUnavailable } from './errors.js'
import { documentOf, type IndexedJob, stateOf } from './job-document.js'
import { parseDocument } from './job-row.js'
import { missingFromSortedSet, redisNames } from './redis.js'

const allStatuses = [...new Set(Object.values(publicStatus))]

/**
 * An index of all jobs in Redis: what lists sort and filter by and, for each tag (status, label, model kind, data
 * set, name), a sorted set of job ids. The reconciler rebuilds it from the store if Redis loses it. It may be older
 * than the record until the next reconciliation. `JobSearch` reads it.
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

  /** Up to `count` ids after `after`, oldest first; from the oldest if it is null. */
  async idsAfter(after: string | null, count: number): Promise<string[]> {
    const floor = after === null ? '-' : `(${after}`
    return this.redis
      .zrangebylex(this.names.jobs, floor, '+', 'LIMIT', 0, count)
      .catch(throwUnavailable)
  }

  /** Id of the oldest job with this status, or null. */
  async oldest(status: JobStatus): Promise<string | null> {
    const key = this.names.tagged(`status:${status}`)
    const [id = null] = await this.redis
      .zrangebylex(key, '-', '+', 'LIMIT', 0, 1)
      .catch(throwUnavailable)
    return id
  }

  /** Adds a job, or updates what has changed of it. Does nothing where the index has a newer version. */
  async put(job: IndexedJob): Promise<void> {
    const { manifest, lifecycle } = job
    if (lifecycle.state === 'removed') return
    const { id, name } = manifest
    const status = publicStatus[lifecycle.state]
    const others = allStatuses.filter(other => other !== status)
    const document = documentOf(manifest)
    const { jobs, jobNames, documents, states, digests, live, tagged } = this.names
    const statusSets = [status, ...others].map(each => tagged(`status:${each}`))
    const keys = [states, jobs, jobNames, documents, live(id), digests, ...statusSets]
    const values = [
      id,
      lifecycle.version,
      `${lifecycle.version}:${status}:${JSON.stringify(stateOf(job))}`,
      isTerminal(lifecycle.state) ? '1' : '',
      document.revision,
      `${document.revision}:${JSON.stringify(document)}`,
      name,
      tagged(''),
      ...document.tags,
    ]
    const changes = this.redis.multi().eval(putScript, keys.length, ...keys, ...values)
    const { revision } = document
    await this.changeLog.noteJob(changes, { id, name, revision, lifecycle }).exec()
  }

  async remove(id: string): Promise<void> {
    const text = await this.redis.hget(this.names.documents, id)
    const tags = text === null ? [] : parseDocument(text).tags
    const changes = this.redis
      .multi()
      .zrem(this.names.jobs, id)
      .hdel(this.names.documents, id)
      .hdel(this.names.states, id)
      .hdel(this.names.digests, id)
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
    await this.redis.multi().set(this.names.complete, 1).del(this.names.oldIndex).exec()
    await this.changeLog.begin()
  }

  /** Returns those of the ids that are not in the index. */
  missing(ids: readonly string[]): Promise<string[]> {
    return missingFromSortedSet(this.redis, this.names.jobs, ids)
  }
}

/**
 * One script instead of a dozen commands, because sending them takes most of the time. Redis runs it undisturbed, so
 * that of two concurrent updates the newer one stays. The tags that a job had before have keys of the same slot.
 */
const putScript = `
  local id, version, state, ended, revision, document, name, tagged = unpack(ARGV, 1, 8)
  local knownState = redis.call('HGET', KEYS[1], id)
  if not knownState or tonumber(string.match(knownState, '^%d+')) <= tonumber(version) then
    redis.call('HSET', KEYS[1], id, state)
    redis.call('ZADD', KEYS[7], 0, id)
    for i = 8, #KEYS do redis.call('ZREM', KEYS[i], id) end
    if ended ~= '' then redis.call('DEL', KEYS[5]) end
  end
  redis.call('ZADD', KEYS[2], 0, id)
  local known = redis.call('HGET', KEYS[4], id)
  local isNewer = known and tonumber(string.match(known, '^%d+')) > tonumber(revision)
  if known ~= document and not isNewer then
    if known then
      local tags = cjson.decode(string.sub(known, string.find(known, ':') + 1)).tags
      for _, tag in ipairs(tags) do redis.call('ZREM', tagged .. tag, id) end
    end
    redis.call('ZADD', KEYS[3], 0, name)
    redis.call('HSET', KEYS[4], id, document)
    for i = 9, #ARGV do redis.call('ZADD', tagged .. ARGV[i], 0, id) end
  end
  local content = redis.call('HGET', KEYS[4], id) .. redis.call('HGET', KEYS[1], id)
  redis.call('HSET', KEYS[6], id, string.sub(redis.sha1hex(content), 1, 16))`
