import type { Jobs } from '../jobs/jobs.js'
import { noWorker } from '../jobs/server-statistics.js'
import type { Predictor } from '../serving/pool/pool.js'
import type { ReadinessCheck } from '../spec/readiness.js'
import type { DiskSpace } from '../store/disk-space.js'

export interface ReadinessDeps {
  jobs: Pick<Jobs, 'ready' | 'statistics'>
  predictor: Pick<Predictor, 'ready' | 'starting'>
  disk: Pick<DiskSpace, 'status'>
}

/**
 * Whether this server can do its work, part by part. A missing worker is a warning, since jobs are accepted
 * and wait for one, and everything else works; `needsWorker` makes it a failure.
 */
export async function checkReadiness(
  { jobs, predictor, disk }: ReadinessDeps,
  needsWorker: boolean,
): Promise<ReadinessCheck[]> {
  const [redisReady, { problem, freeBytes }, workers] = await Promise.all([
    jobs.ready(),
    disk.status(),
    jobs.statistics.workers().catch(() => null),
  ])
  const free =
    freeBytes === null ? 'free space unknown' : `${(freeBytes / 2 ** 30).toFixed(1)} GiB free`
  return [
    problem === null
      ? { name: 'disk', status: 'ok', detail: free }
      : { name: 'disk', status: 'failed', detail: problem },
    redisCheck(redisReady, problem !== null),
    predictorCheck(predictor),
    workerCheck(workers?.length ?? null, needsWorker),
  ]
}

function predictorCheck(predictor: ReadinessDeps['predictor']): ReadinessCheck {
  const name = 'predictor'
  if (predictor.ready()) return { name, status: 'ok', detail: 'answers' }
  return predictor.starting()
    ? { name, status: 'starting', detail: 'the predictor starts' }
    : { name, status: 'failed', detail: 'no answer from the predictor' }
}

function redisCheck(answers: boolean, diskFails: boolean): ReadinessCheck {
  if (answers) return { name: 'redis', status: 'ok', detail: 'answers' }
  // a Redis that cannot write refuses to answer
  if (diskFails) {
    const detail = 'does not answer, which the disk may be the reason for'
    return { name: 'redis', status: 'unknown', detail }
  }
  return { name: 'redis', status: 'failed', detail: 'no answer from Redis' }
}

function workerCheck(count: number | null, needed: boolean): ReadinessCheck {
  const name = 'worker'
  if (count === null) {
    const detail = 'Redis, which knows the workers, does not answer'
    return { name, status: 'unknown', detail }
  }
  if (count > 0) return { name, status: 'ok', detail: `${count} alive` }
  return { name, status: needed ? 'failed' : 'warning', detail: noWorker }
}
