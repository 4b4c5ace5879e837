import type { Registry } from 'prom-client'
import {
  type AttemptOutcome,
  durationBuckets,
  type Total,
  type TotalName,
} from '../../jobs/queue/training-totals.js'
import type { ServerStatistics } from '../../jobs/server-statistics.js'
import { failureCodes } from '../../spec/failure-codes.js'
import { metricFactory, setKnown } from './metric-factory.js'
import { addSharedHistogram, type Distribution } from './shared-histogram.js'

/**
 * Metrics of the queue, of the ends of jobs and attempts, and of Redis. All servers that share a Redis answer
 * the same. Returns what updates them before each scrape.
 */
export function addJobMetrics(
  registry: Registry,
  statistics: Pick<ServerStatistics, 'queue' | 'totals' | 'redis'>,
): () => Promise<void> {
  const { gauge, counter } = metricFactory(registry)
  const byStatus = gauge('jobs', 'Jobs by status.', 'status')
  const waiting = gauge('queue_jobs', 'Jobs in the queue that no worker has taken yet.')
  const held = gauge('queue_held_jobs', 'Queued jobs that wait for a worker with more memory.')
  const unplaced = gauge(
    'queue_unplaced_jobs',
    'Queued jobs that need what no worker that is alive has.',
  )
  const active = gauge('queue_active_jobs', 'Jobs that workers have taken from the queue.')
  const oldest = gauge('queue_oldest_seconds', 'Age of the oldest queued job, in seconds.')
  const attempts = counter('attempts_total', 'Attempts that have ended.', 'outcome', 'code')
  const ended = counter('jobs_ended_total', 'Jobs that have ended.', 'status', 'code')
  const redis = gauge('redis_up', '1 if Redis answers, else 0.')
  const redisPing = gauge('redis_ping_seconds', 'How long Redis took to answer a PING.')
  const redisUsed = gauge('redis_memory_used_bytes', 'Memory that the data of Redis take.')
  const redisMax = gauge('redis_memory_max_bytes', 'Memory that Redis may use; 0 without a limit.')
  const redisClients = gauge('redis_connected_clients', 'Connections of Redis.')
  const redisEvicted = counter(
    'redis_evicted_keys_total',
    'Keys that Redis dropped for lack of memory. Any of them is too many: the queue needs noeviction.',
  )
  const redisSaved = gauge(
    'redis_last_save_ok',
    '1 if the last snapshot of Redis was written to its disk, else 0.',
  )
  let totals: readonly Total[] = []
  addSharedHistogram({
    registry,
    name: 'trainyard_job_waiting_seconds',
    help: 'How long jobs were queued before they started, each time that they started.',
    buckets: durationBuckets,
    read: () => distributions(totals, 'waiting', []),
  })
  addSharedHistogram({
    registry,
    name: 'trainyard_job_running_seconds',
    help: 'How long jobs were running until they ended, over all attempts.',
    buckets: durationBuckets,
    read: () => distributions(totals, 'running', ['status']),
  })

  return async () => {
    // without Redis these values are unknown: omit them rather than report old ones
    for (const metric of [byStatus, attempts, ended, redisEvicted]) metric.reset()
    for (const metric of [waiting, held, unplaced, active, oldest, redisPing]) metric.remove()
    redisEvicted.remove()
    totals = []
    const read = await Promise.all([
      statistics.queue(),
      statistics.totals(),
      statistics.redis(),
    ]).catch(() => null)
    redis.set(read ? 1 : 0)
    const [queue, counted, ofRedis] = read ?? []
    setKnown(redisUsed, {}, ofRedis?.usedBytes)
    setKnown(redisMax, {}, ofRedis?.maxBytes)
    setKnown(redisClients, {}, ofRedis?.clients)
    setKnown(redisSaved, {}, ofRedis?.savedLast == null ? null : Number(ofRedis.savedLast))
    if (!queue || !counted || !ofRedis) return
    if (ofRedis.evictedKeys !== null) redisEvicted.inc(ofRedis.evictedKeys)
    for (const [status, count] of Object.entries(queue.jobs)) byStatus.set({ status }, count)
    waiting.set(queue.waiting)
    held.set(queue.held)
    unplaced.set(queue.unplaced)
    active.set(queue.active)
    oldest.set(queue.oldestWaitingSeconds)
    redisPing.set(ofRedis.pingSeconds)
    totals = counted
    // a series that begins at 1 has no increase
    for (const [outcome, code] of commonEnds) attempts.inc({ outcome, code }, 0)
    for (const code of Object.keys(failureCodes)) ended.inc({ status: 'failed', code }, 0)
    for (const { name, labels, value } of counted) {
      const [first = '', code = ''] = labels
      if (name === 'attempts') attempts.inc({ outcome: first, code }, value)
      if (name === 'ended') ended.inc({ status: first, code }, value)
    }
  }
}

const commonEnds: readonly (readonly [AttemptOutcome, code: string])[] = [
  ['succeeded', 'none'],
  ['stopped', 'none'],
  ['lost', 'none'],
  ['unavailable', 'none'],
  ['crashed', 'crashed'],
  ['killed', 'killed'],
  ['killed', 'out_of_memory'],
]

/** Puts the buckets and the sum of each combination of labels together. */
function distributions(
  totals: readonly Total[],
  wanted: TotalName,
  labelNames: readonly string[],
): Distribution[] {
  const found = new Map<string, { labels: string[]; counts: Map<string, number>; sum: number }>()
  for (const { name, labels, value } of totals) {
    if (name !== wanted) continue
    const own = labels.slice(0, labelNames.length)
    const bound = labels[labelNames.length] ?? ''
    const key = own.join()
    const distribution = found.get(key) ?? { labels: own, counts: new Map(), sum: 0 }
    found.set(key, distribution)
    if (bound === 'sum') distribution.sum = value
    else distribution.counts.set(bound, value)
  }
  return [...found.values()].map(({ labels, counts, sum }) => ({
    labels: Object.fromEntries(labelNames.map((name, i) => [name, labels[i] ?? ''])),
    counts,
    sum,
  }))
}
