// Predictions that must be refused, in numbers: none may be answered with 5xx, and no predictor may grow by them.
import { residentBytesOf } from '../../src/processes.js'
import type { ChaosDeployment } from '../deployment.js'
import { Random } from '../random.js'
import { predictKind } from './requests/bodies.js'
import { exchange } from './requests/exchange.js'
import type { Tally } from './tally.js'
import type { World } from './world.js'

const concurrency = 8
/** The first ones load code and fill buffers that stay. */
const warmUp = 5000
const bytesPerMb = 2 ** 20

/** Returns by how many megabytes a predictor has grown at most, from after the first 5,000 requests on. */
export async function sendBadPredictions(
  deployment: ChaosDeployment,
  world: World,
  count: number,
  random: Random,
  tally: Tally,
): Promise<number> {
  if (count === 0) return 0
  const targets = [world, { ...world, model: world.imageModel }]
  const base = random.integerBelow(2 ** 31)
  let next = 0
  const sendUntil = async (end: number) => {
    while (next < end) {
      const i = next++
      const own = new Random(base + i)
      const request = predictKind.make(own, targets[i % targets.length]!)
      tally.judge('bad prediction', `${i}`, request, await exchange(deployment.port, request))
    }
  }
  const send = (end: number) =>
    Promise.all(Array.from({ length: concurrency }, () => sendUntil(end)))
  await send(Math.min(warmUp, Math.ceil(count / 2)))
  const before = await memory(deployment)
  await send(count)
  const after = await memory(deployment)
  let growth = 0
  for (const [pid, bytes] of before) {
    const grown = after.get(pid)
    if (grown === undefined) tally.addWrong(`predictor ${pid} ended by predictions that are wrong`)
    else growth = Math.max(growth, grown - bytes)
  }
  return Math.round(growth / bytesPerMb)
}

/** Resident bytes of each predictor, by pid. */
async function memory(deployment: ChaosDeployment): Promise<Map<number, number>> {
  const pids = await deployment.find('predictor')
  return new Map(pids.map(pid => [pid, residentBytesOf(pid) ?? 0]))
}
