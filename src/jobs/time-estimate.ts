import { isDeepStrictEqual } from 'node:util'
import type { Redis } from 'ioredis'
import type { JobPlan, TimeEstimate } from '../spec/job-queries.js'
import { scalarsOf } from './queue/job-document.js'
import { type JobRow, parseRow } from './queue/job-row.js'
import { redisNames } from './queue/redis.js'

/** The newest jobs with the data set that are looked at: a search must not take longer with more jobs. */
const maxSearched = 250
/** The estimate is the median of this many. */
const maxUsed = 5
/** A job with fewer steps than this share of the planned ones shows how long it takes to start, not to train. */
const minStepsShare = 0.1

/** Options that change how long a step takes, beside the model and the data set. */
const pacing = ['batchSize', 'accumulateSteps', 'shards', 'precision', 'rows'] as const

type PlannedJob = Omit<JobPlan, 'timeEstimate'>

/** Says how long a planned job will take, by how long earlier ones like it took. */
export const timeEstimator = (redis: Redis, prefix: string) => async (plan: PlannedJob) => {
  const rows = await recentRows(redis, prefix, plan.dataset.id).catch(() => null)
  if (rows === null) return unknown('unknown: Redis, which knows the earlier jobs, does not answer')
  return estimateFrom(rows, plan)
}

async function recentRows(redis: Redis, prefix: string, dataset: string): Promise<JobRow[]> {
  const { tagged, documents, states } = redisNames(prefix)
  const set = tagged(`dataset:${dataset}`)
  const ids = await redis.zrevrangebylex(set, '+', '-', 'LIMIT', 0, maxSearched)
  if (ids.length === 0) return []
  const [found, foundStates] = await Promise.all([
    redis.hmget(documents, ...ids),
    redis.hmget(states, ...ids),
  ])
  return ids.flatMap((id, i) =>
    found[i] && foundStates[i] ? [parseRow(id, found[i], foundStates[i]).row] : [],
  )
}

/** `rows` are of the same data set, newest first. */
export function estimateFrom(rows: readonly JobRow[], plan: PlannedJob): TimeEstimate {
  const what = plan.predict ? 'version and data set' : 'model, batch size and data set'
  const alike = rows.filter(row => isUndisturbed(row) && isAlike(row, plan))
  if (alike.length === 0) {
    return unknown(`unknown: no job with the same ${what} has succeeded in one attempt yet`)
  }
  const measured = alike.filter(row => row.progress.step >= minStepsShare * plan.steps)
  if (measured.length === 0) {
    const most = Math.max(...alike.map(row => row.progress.step))
    return unknown(
      `unknown: the earlier jobs with the same ${what} are too short to tell (at most ${most} of ${plan.steps} steps)`,
    )
  }
  const used = measured.slice(0, maxUsed)
  const count = used.length === 1 ? '1 earlier job' : `${used.length} earlier jobs`
  return {
    seconds: Math.max(1, Math.round(median(used.map(secondsPerStep)) * plan.steps)),
    basis: `${count} with the same ${what}`,
    jobs: used.map(({ id }) => id),
  }
}

const unknown = (basis: string): TimeEstimate => ({ seconds: null, basis, jobs: [] })

/** Whether the time from its start to its end is the time that it trained. */
const isUndisturbed = ({ status, attempt, startedAt, finishedAt, progress }: JobRow) =>
  status === 'succeeded' &&
  attempt === 1 &&
  startedAt !== null &&
  finishedAt !== null &&
  progress.step > 0

function isAlike({ model, training, predict }: JobRow, plan: PlannedJob): boolean {
  if (plan.predict || predict) {
    const { model: name, version } = Object(predict)
    return plan.predict?.model === name && plan.predict?.version === version
  }
  const [earlier, planned] = [training, plan.training] as Record<string, unknown>[]
  return (
    isDeepStrictEqual(model, scalarsOf(plan.model)) &&
    pacing.every(option => earlier![option] === planned![option]) &&
    // absent in old jobs
    (earlier!.memory === 'low') === (planned!.memory === 'low')
  )
}

const secondsPerStep = ({ startedAt, finishedAt, progress }: JobRow) =>
  (Date.parse(finishedAt!) - Date.parse(startedAt!)) / 1000 / progress.step

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2
}
