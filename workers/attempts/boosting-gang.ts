import { RankGroup, Tracker } from '../../src/boosting/rank-group.js'
import { RankLost, TrainingFailure } from '../../src/errors.js'
import type { Placement } from '../../src/placement.js'
import type { BoostingJob } from '../../src/spec/job.js'
import { workersOf } from '../../src/spec/resources.js'

/** How a trainer of a gang finds the others. */
export interface GangDeps {
  placement: Placement
  /** On rank 0: tells the others where it waits for them. */
  announce(address: string): Promise<void>
  /** On the others: what rank 0 announced. */
  leaderAddress: Promise<string>
}

/**
 * The number of ranks is part of a boosting job's plan: sums depend on how the rows are divided, so another number
 * would end in other bytes. Throws `invalid` if the trainer was placed among another number.
 */
export function checkWorld(job: BoostingJob, world: number): void {
  const planned = workersOf(job)
  if (planned === world) return
  throw new TrainingFailure(
    'invalid',
    `the job was planned for ${planned} ${planned === 1 ? 'worker' : 'workers'} (resources.workers), and this attempt has ${world}: the trees of another number differ, so submit a new job for it`,
  )
}

/**
 * Prepares a trainer to meet the other ranks: on rank 0, the tracker listens. XGBoost must be loaded with its thread
 * count before. The result waits for all ranks; the thread is blocked meanwhile.
 */
export async function prepareGroup({
  placement,
  announce,
  leaderAddress,
}: GangDeps): Promise<() => Promise<RankGroup>> {
  const { rank, world } = placement
  if (rank > 0) {
    return async () => RankGroup.join({ rank, world, address: parse(await leaderAddress) }, null)
  }
  const tracker = Tracker.start(parse(placement.leader ?? placement.host), world)
  const { address } = tracker
  await announce(`${address.host}:${address.port}`)
  return async () => RankGroup.join({ rank, world, address }, tracker)
}

/** Runs `train`; if it fails by an error of this rank, tells those on other hosts, which would wait for it. */
export async function inGroup<T>(group: RankGroup | null, train: () => Promise<T>): Promise<T> {
  try {
    return await train()
  } catch (error) {
    if (group && !(error instanceof RankLost)) signal(group)
    throw error
  }
}

function signal(group: RankGroup): void {
  try {
    group.signalError()
  } catch {
    // the others have ended before
  }
}

/** `host:port`, or a host alone, whose port is free to choose. */
function parse(address: string): { host: string; port: number } {
  const [, host = address, port = '0'] = /^(.*):(\d+)$/.exec(address) ?? []
  return { host, port: Number(port) }
}
