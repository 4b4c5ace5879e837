// One run of the hostile suite: a whole server, hostile requests, crowds, Schemathesis, damaged files and
// killed processes, beside well-behaved clients.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../../src/client/client.js'
import type { Job } from '../../src/spec/job.js'
import { eventually } from '../../testing/eventually.js'
import { freePort } from '../../testing/free-port.js'
import { ChaosDeployment } from '../deployment.js'
import { Random } from '../random.js'
import { sendBadPredictions } from './bad-predictions.js'
import { damageThings } from './damage-things.js'
import type { Faulty } from './faulty.js'
import { burst } from './followers.js'
import { findLeftOver } from './left-over.js'
import { LoopWatch } from './loop-watch.js'
import { heal, nameOf, type ProcessFault, settle } from './process-faults.js'
import { type HostileReport, missedGoals } from './report.js'
import { exchange, type RawRequest } from './requests/exchange.js'
import { requestKinds } from './requests/kinds.js'
import { drip, dripAfterRefusal } from './requests/leaving.js'
import { Residents } from './residents.js'
import { runSchemathesis, type SchemathesisOptions } from './schemathesis.js'
import { Tally } from './tally.js'
import { endlessJob, makeWorld, type World, waitForEnd } from './world.js'

export interface HostileOptions {
  seed: number
  requests: number
  /** The hostile requests end after this time, even if there are fewer. */
  minutes: number
  followers: { count: number; bursts: number; holdMs: number }
  schemathesis: (Pick<SchemathesisOptions, 'maxExamples' | 'phases'> & { seconds?: number })[]
  /** Predictions that must be refused. */
  badPredictions: number
  damagedFiles: number
  faults: readonly ProcessFault[]
  /** For how long the connections are held that send a byte at a time; 0 for none. */
  dripMs: number
}

const concurrency = 8
const dripEveryMs = 2000
const dripsAtOnce = 20

export async function runHostile(options: HostileOptions): Promise<HostileReport> {
  const started = Date.now()
  const log = (line: string) =>
    console.error(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s ${line}`)
  // what still runs beside a part that failed
  const over = new AbortController()
  const grpcPort = await freePort()
  return ChaosDeployment.with(
    deployment => attack(deployment, grpcPort, options, log, started, over.signal),
    { settings: { TRAINYARD_GRPC_PORT: String(grpcPort) } },
  ).finally(() => over.abort())
}

async function attack(
  deployment: ChaosDeployment,
  grpcPort: number,
  options: HostileOptions,
  log: (line: string) => void,
  started: number,
  over: AbortSignal,
): Promise<HostileReport> {
  const { seed } = options
  const random = new Random(seed)
  const client = new Client({ url: deployment.url, key: deployment.key, retryForMs: 0 })
  const world = await makeWorld(client, deployment.key)
  const tally = new Tally([deployment.folder, deployment.key, '/dist/src/', '/dist/bundle/'], log)
  const watch = new LoopWatch(deployment, tally, log, over)
  log(`the server is ready; seed ${seed}`)

  const residents = new Residents(client, world, tally, random.fork(), 'resident', over)
  const drips = openDrips(deployment, world, options.dripMs, tally)
  const requests = hostileRequests(world, random.fork())
  await send(deployment, requests, tally, {
    concurrency,
    count: options.requests,
    signal: AbortSignal.timeout(options.minutes * 60_000),
  })
  log(`${tally.requests} requests sent; milliseconds each: ${tally.times()}`)
  const predictorGrowthMb = await sendBadPredictions({
    deployment,
    grpcPort,
    world,
    count: options.badPredictions,
    random: random.fork(),
    tally,
    log,
  })
  const running = await startEndless(client)
  const slowestConnectionMs = await crowds(deployment, running, options, random.fork(), tally)
  log(`the crowds are gone; the slowest new connection took ${slowestConnectionMs} ms`)
  await residents.close()
  await drips

  const violations = await schemathesis(deployment, world, options, tally, log)
  // Schemathesis follows links, and deletes what it finds by them
  const restored = await makeWorld(client, deployment.key)
  if (restored.expected !== world.expected) {
    tally.addWrong('the same model, trained again, predicts otherwise')
  }
  await damageThings(deployment, client, options.damagedFiles, random.fork(), tally, log)

  const job = await restartEndless(client, running)
  const others = new Residents(client, restored, tally, random.fork(), 'other', over)
  const faultsDone = new AbortController()
  const sending = send(deployment, requests, tally, {
    concurrency: 1,
    count: Number.POSITIVE_INFINITY,
    signal: AbortSignal.any([faultsDone.signal, over]),
    pauseMs: 50,
  })
  const faulty = { deployment, grpcPort, client, world: restored, running: job.id, watch, tally }
  const healMs = await injectFaults(options.faults, faulty, log)
  faultsDone.abort()
  await sending
  await others.close()
  await client.jobs.act(job.id, 'cancel')
  await waitForEnd(client, job)
  const left = await findLeftOver(deployment, client)
  await watch.close()
  await deployment.stop()
  left.push(...(await deployment.processes()).map(({ command }) => `process ${command}`))
  for (const each of left) log(`left over: ${each}`)

  const report = {
    seed,
    requests: tally.requests,
    errors5xx: tally.errors5xx,
    longestLoopMs: watch.longestLoopMs,
    longestLoopWaitedMs: watch.longestLoopWaitedMs,
    loopProcessorMs: watch.loopProcessorMs,
    peakRssMb: watch.peakRssMb,
    predictorGrowthMb,
    unanswered: tally.unanswered,
    leftOver: left.length,
    wrong: tally.wrong,
    violations,
    slowestConnectionMs,
    healMs,
    overloaded: tally.overloaded,
    cutShort: tally.cutShort,
    interrupted: tally.interrupted,
    jobs: residents.jobs + others.jobs,
    predictions: residents.predictions + others.predictions,
    kinds: tally.kinds,
    statuses: tally.statuses,
    seconds: Math.round((Date.now() - started) / 1000),
  }
  return { ...report, missed: missedGoals(report) }
}

interface HostileRequest {
  kind: string
  i: number
  request: RawRequest
}

/** Request i follows from the seed and i alone, whatever the others do. */
function* hostileRequests(world: World, random: Random): Generator<HostileRequest, never> {
  const base = random.integerBelow(2 ** 31)
  for (let i = 0; ; i++) {
    const own = new Random(base + i)
    const kind = own.pickWeighted(requestKinds)
    yield { kind: kind.name, i, request: kind.make(own, world) }
  }
}

interface SendOptions {
  concurrency: number
  count: number
  /** Ends the sending before `count` requests. */
  signal: AbortSignal
  pauseMs?: number
}

async function send(
  { port }: ChaosDeployment,
  requests: Generator<HostileRequest, never>,
  tally: Tally,
  { concurrency, count, signal, pauseMs = 0 }: SendOptions,
): Promise<void> {
  let sent = 0
  const sender = async () => {
    while (sent < count && !signal.aborted) {
      sent++
      const { kind, i, request } = requests.next().value
      tally.judge(kind, `request ${i}`, request, await exchange(port, request))
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, sender))
}

/** Returns the number of failures, each counted once for all operations that have it. */
async function schemathesis(
  { url }: ChaosDeployment,
  target: World,
  { seed, schemathesis: runs }: HostileOptions,
  tally: Tally,
  log: (line: string) => void,
): Promise<number> {
  let violations = 0
  for (const [i, each] of runs.entries()) {
    const result = await runSchemathesis({ ...each, url, target, seed: seed + i })
    tally.requests += result.requests
    violations += result.failures.length
    if (result.failures.length > 0) log(result.output)
    log(
      `Schemathesis sent ${result.requests} requests and found ${result.failures.length} failures`,
    )
  }
  return violations
}

async function injectFaults(
  faults: readonly ProcessFault[],
  on: Faulty,
  log: (line: string) => void,
): Promise<Record<string, number>> {
  const healMs: Record<string, number> = {}
  for (const fault of faults) {
    await settle(on)
    const ms = await heal(fault, on)
    if (ms !== null) healMs[nameOf(fault)] = ms
    log(`${nameOf(fault)}: ${ms === null ? 'no such process' : `healed after ${ms} ms`}`)
  }
  return healMs
}

/** Connections that send a byte at a time; the server must end each within `limitMs`. */
async function openDrips(
  { port }: ChaosDeployment,
  world: World,
  limitMs: number,
  tally: Tally,
): Promise<void> {
  if (limitMs === 0) return
  const kinds = [
    () => drip(world, 'head', dripEveryMs, limitMs),
    () => drip(world, 'body', dripEveryMs, limitMs),
    () => dripAfterRefusal(world, dripEveryMs, limitMs),
  ]
  const open = Array.from({ length: dripsAtOnce }, async (_, i) => {
    const request = kinds[i % kinds.length]!()
    tally.judge('drip', `${i}`, request, await exchange(port, request))
  })
  await Promise.all(open)
}

async function startEndless(client: Client): Promise<Job> {
  const job = await client.jobs.submit(endlessJob(`endless-${Date.now()}`))
  const runs = async () => (await client.jobs.get(job.id)).status === 'running'
  await eventually('the endless job to run', runs, { timeoutMs: 120_000, intervalMs: 200 })
  return job
}

/** Schemathesis may have cancelled or paused it. */
async function restartEndless(client: Client, job: Job): Promise<Job> {
  await client.jobs.act(job.id, 'cancel').catch(() => {})
  await waitForEnd(client, job)
  return startEndless(client)
}

async function crowds(
  { port, key }: ChaosDeployment,
  job: Job,
  { followers }: HostileOptions,
  random: Random,
  tally: Tally,
): Promise<number> {
  const { count, bursts, holdMs } = followers
  let slowest = 0
  for (let i = 0; i < bursts; i++) {
    const crowd = { port, key, job: job.id, count, holdMs, afterMs: Math.min(holdMs, 10_000) }
    slowest = Math.max(slowest, await burst(crowd, random, tally))
    await sleep(500)
  }
  return slowest
}
