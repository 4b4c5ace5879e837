import { randomBytes } from 'node:crypto'
import type { ChainableCommander, Redis } from 'ioredis'
import type { ChangeType, ResourceKind } from '../../spec/changes.js'
import type { ModelAliasEvent } from '../../spec/model-feed.js'
import type { Lifecycle } from '../record/lifecycle.js'
import { changesOf, publishedModel } from './job-changes.js'
import { redisNames } from './redis.js'

/** Older changes are dropped. Each takes about half a kilobyte of Redis' memory. */
const maxChanges = 10_000

/** A change as Redis has it. */
export interface StoredChange {
  /** Of the Redis stream: milliseconds, dash, sequence number. */
  id: string
  type: ChangeType
  at: string
  /** Empty if the change is not one of a job. */
  job: string
  /** JSON. */
  data: string
}

export interface ChangesRead {
  /** Names this incarnation of the log; null if Redis was wiped, and is being filled again. */
  epoch: string | null
  /** Whether the change to read after is in the log. If not, changes may have been lost. */
  isFound: boolean
  changes: StoredChange[]
}

/**
 * The log of all changes, a Redis stream of the last ten thousand. What is noted here is compared with what was
 * told before. So whatever brings the index up to date, such as the reconciler after an outage, also tells the
 * followers, and each change is told once, whichever server finds it.
 *
 * If Redis was wiped, the log begins again after the index is complete, with another epoch: until then nothing
 * is appended, since every job and data set would look new.
 */
export class ChangeLog {
  private readonly names

  constructor(
    private readonly redis: Redis,
    prefix: string,
  ) {
    this.names = redisNames(prefix)
  }

  /** Begins the log if the index is complete and the log has not begun. */
  async begin(): Promise<void> {
    const { complete, resourcesComplete, changes, changesEpoch, changesChannel } = this.names
    const keys = [changes, changesEpoch, complete, resourcesComplete]
    const epoch = randomBytes(4).toString('hex')
    const data = JSON.stringify({ message: 'the log of changes begins here' })
    const values = [changesChannel, epoch, new Date().toISOString(), data]
    await this.redis.eval(beginScript, keys.length, ...keys, ...values)
  }

  /**
   * Adds to a transaction: appends the transitions of a job that were not told yet, or that it was changed
   * otherwise, and the model that it has published, or the data set of predictions that it has made.
   */
  noteJob(transaction: ChainableCommander, job: NotedJob): ChainableCommander {
    const { id, name, revision, lifecycle } = job
    if (lifecycle.state === 'removed') return transaction
    const { changes, changesEpoch, toldJobs, resources, changesChannel } = this.names
    const { version, transitions, result } = lifecycle
    const made = madeBy(id, result)
    const keys = [changes, changesEpoch, toldJobs, resources(made?.kind ?? 'model')]
    const told = [
      ...[changesChannel, id, version, transitions.length, revision, name],
      changesOf(id, lifecycle),
    ]
    const created = made ? [made.member, JSON.stringify(made.data), `${made.kind}.created`] : []
    return transaction.eval(noteJobScript, keys.length, ...keys, ...told, ...created)
  }

  /** Adds to a transaction: appends that a job was deleted, if it was known. */
  noteRemovedJob(transaction: ChainableCommander, id: string): ChainableCommander {
    const { changes, changesEpoch, toldJobs, changesChannel } = this.names
    const keys = [changes, changesEpoch, toldJobs]
    const data = JSON.stringify({ id, status: null })
    const values = [changesChannel, id, new Date().toISOString(), data]
    return transaction.eval(noteRemovedJobScript, keys.length, ...keys, ...values)
  }

  /** Reads up to `count` changes after `id`, oldest first. */
  async readAfter(id: string, count: number): Promise<ChangesRead> {
    const { changes, changesEpoch } = this.names
    const [epoch, found, entries] = await this.transaction(
      ['get', changesEpoch],
      ['xrange', changes, id, id],
      ['xrange', changes, `(${id}`, '+', 'COUNT', String(count)],
    )
    return {
      epoch: epoch as string | null,
      isFound: (found as unknown[]).length > 0,
      changes: (entries as StreamEntry[]).map(toChange),
    }
  }

  /** The newest `count` changes, oldest first. */
  async readNewest(count: number): Promise<Omit<ChangesRead, 'isFound'>> {
    const { changes, changesEpoch } = this.names
    const [epoch, entries] = await this.transaction(
      ['get', changesEpoch],
      ['xrevrange', changes, '+', '-', 'COUNT', String(count)],
    )
    const newestFirst = (entries as StreamEntry[]).map(toChange)
    return { epoch: epoch as string | null, changes: newestFirst.reverse() }
  }

  /** Notes that a thing exists, and appends the change if that was not known. */
  async resourceCreated(kind: ResourceKind, member: string, resource: Resource): Promise<void> {
    await this.updateResource(resourceCreatedScript, kind, member, 'created', resource)
  }

  /** Notes that a thing is gone, and appends the change if it was known to exist. */
  async resourceDeleted(kind: ResourceKind, member: string): Promise<void> {
    await this.updateResource(resourceDeletedScript, kind, member, 'deleted', { job: '', data: {} })
  }

  /** The number of the last change of a model's aliases that was told, 0 if none was. */
  async toldOfModel(name: string): Promise<number> {
    return Number((await this.redis.hget(this.names.toldModels, name)) ?? 0)
  }

  /** Appends those changes of a model's aliases that were not told yet. `newest`: the number of the last one. */
  async noteModel(name: string, newest: number, events: readonly ModelAliasEvent[]): Promise<void> {
    const { changes, changesEpoch, toldModels, changesChannel } = this.names
    const keys = [changes, changesEpoch, toldModels]
    const values = events.flatMap(({ n, event, at, data }) => [n, event, at, JSON.stringify(data)])
    await this.redis.eval(
      noteModelScript,
      keys.length,
      ...keys,
      changesChannel,
      name,
      newest,
      ...values,
    )
  }

  /** The things of a kind that are known to exist. */
  async knownResources(kind: ResourceKind): Promise<string[]> {
    return this.redis.hkeys(this.names.resources(kind))
  }

  /** Whether all things of the store have been noted since Redis was last empty. */
  async areResourcesComplete(): Promise<boolean> {
    return (await this.redis.exists(this.names.resourcesComplete)) === 1
  }

  async markResourcesComplete(): Promise<void> {
    await this.redis.set(this.names.resourcesComplete, 1)
    await this.begin()
  }

  private async updateResource(
    script: string,
    kind: ResourceKind,
    member: string,
    change: 'created' | 'deleted',
    { job, data }: Resource,
  ): Promise<void> {
    const { changes, changesEpoch, changesChannel } = this.names
    const keys = [changes, changesEpoch, this.names.resources(kind)]
    const type = `${kind}.${change}` satisfies ChangeType
    const at = new Date().toISOString()
    const values = [changesChannel, member, type, at, job, JSON.stringify(data)]
    await this.redis.eval(script, keys.length, ...keys, ...values)
  }

  private async transaction(...commands: string[][]): Promise<unknown[]> {
    const results = await this.redis.multi(commands).exec()
    return (results ?? []).map(([error, result]) => {
      if (error) throw error
      return result
    })
  }
}

/** What the changes of a data set, a model or weights say. */
export interface Resource {
  /** The job that made it; empty if none did. */
  job: string
  data: object
}

export interface NotedJob {
  id: string
  name: string
  /** Grows when clients change what is no matter of the lifecycle, such as labels. */
  revision: number
  lifecycle: Lifecycle
}

/** How the log names a version of a model. */
export const modelMember = (name: string, version: number) => `${name}/${version}`

/** What a job has added to the store. */
function madeBy(job: string, result: Lifecycle['result']) {
  const { dataset } = result ?? {}
  if (dataset) return { kind: 'dataset', member: dataset.id, data: dataset } as const
  const model = publishedModel(result)
  if (!model) return null
  const data = { ...model, job }
  return { kind: 'model', member: modelMember(model.id, model.version), data } as const
}

type StreamEntry = [id: string, fields: string[]]

function toChange([id, fields]: StreamEntry): StoredChange {
  const pairs = Array.from({ length: fields.length / 2 }, (_, i) => [
    fields[2 * i],
    fields[2 * i + 1],
  ])
  return { id, ...(Object.fromEntries(pairs) as Omit<StoredChange, 'id'>) }
}

/** Defines `append` for a script whose first keys are the log and its epoch, and whose first value is the channel. */
const appendFunction = `
  local function append(change, job, at, data)
    if redis.call('EXISTS', KEYS[2]) == 0 then return end
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ${maxChanges}, '*',
      'type', change, 'job', job, 'at', at, 'data', data)
    redis.call('PUBLISH', ARGV[1], change)
  end`

const beginScript = `
  ${appendFunction}
  if redis.call('EXISTS', KEYS[2]) == 1 then return end
  if redis.call('EXISTS', KEYS[3], KEYS[4]) < 2 then return end
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], ARGV[2])
  append('stream.reset', '', ARGV[3], ARGV[4])`

/** `named` adds the job's name to the data of its changes. */
const namedFunction = `
  local function named(name, data)
    local text = name ~= '' and cjson.encode(name) or 'null'
    return '{"name":' .. text .. ',' .. string.sub(data, 2)
  end`

const noteJobScript = `
  ${appendFunction}
  ${namedFunction}
  local id, version, transitions = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
  local revision, name = tonumber(ARGV[5]), ARGV[6]
  local known = redis.call('HGET', KEYS[3], id) or '-1:0:0:'
  local toldVersion, told, toldRevision = string.match(known, '^(-?%d+):(%d+):(%d+):')
  if tonumber(toldVersion) > version then return end
  revision = math.max(revision, tonumber(toldRevision))
  if tonumber(toldVersion) == version and tonumber(toldRevision) == revision then return end
  redis.call('HSET', KEYS[3], id, table.concat({ version, transitions, revision, name }, ':'))

  local function tell(change) append(change.type, id, change.at, named(name, change.data)) end
  local changes = cjson.decode(ARGV[7])
  local before = transitions - #changes.transitions
  for i, change in ipairs(changes.transitions) do
    if before + i > tonumber(told) then tell(change) end
  end
  if transitions == tonumber(told) then tell(changes.other) end
  if ARGV[8] and redis.call('HSETNX', KEYS[4], ARGV[8], ARGV[9]) == 1 then
    append(ARGV[10], id, changes.transitions[#changes.transitions].at, ARGV[9])
  end`

const noteRemovedJobScript = `
  ${appendFunction}
  ${namedFunction}
  local known = redis.call('HGET', KEYS[3], ARGV[2])
  if not known then return end
  redis.call('HDEL', KEYS[3], ARGV[2])
  append('job.deleted', ARGV[2], ARGV[3], named(string.match(known, '^%d+:%d+:%d+:(.*)$'), ARGV[4]))`

const noteModelScript = `
  ${appendFunction}
  local told = tonumber(redis.call('HGET', KEYS[3], ARGV[2]) or '0')
  if tonumber(ARGV[3]) <= told then return end
  redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
  for i = 4, #ARGV, 4 do
    if tonumber(ARGV[i]) > told then append(ARGV[i + 1], '', ARGV[i + 2], ARGV[i + 3]) end
  end`

const resourceCreatedScript = `
  ${appendFunction}
  if redis.call('HSETNX', KEYS[3], ARGV[2], ARGV[6]) == 1 then
    append(ARGV[3], ARGV[5], ARGV[4], ARGV[6])
  end`

const resourceDeletedScript = `
  ${appendFunction}
  local data = redis.call('HGET', KEYS[3], ARGV[2])
  if not data then return end
  redis.call('HDEL', KEYS[3], ARGV[2])
  local job = cjson.decode(data).job
  append(ARGV[3], type(job) == 'string' and job or '', ARGV[4], data)`
