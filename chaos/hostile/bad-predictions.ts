// Predictions that must be refused, in numbers: none may be answered with 5xx, and no predictor may grow by them.
import { residentBytesOf } from '../../src/processes.js'
import type { ChaosDeployment } from '../deployment.js'
import { Random } from '../random.js'
import { badBodies } from './predictions/bad-bodies.js'
import { badMessages } from './predictions/bad-messages.js'
import { GrpcConnection } from './predictions/grpc-calls.js'
import { pipeline } from './predictions/pipeline.js'
import { predictKind } from './requests/bodies.js'
import { exchange, type Outcome, type RawRequest } from './requests/exchange.js'
import { requestBytes } from './requests/http-text.js'
import { whole } from './requests/target.js'
import type { Tally } from './tally.js'
import type { World } from './world.js'

const connections = 4
/** Requests that a connection has at once: of all connections, no more than the predictor for rows takes. */
const depth = 16
/** Of a batch, those that are sent over gRPC, and those whose length is a lie, which need a connection each. */
const shares = { grpc: 0.15, lying: 0.01 }
/** The first ones load code and fill buffers that stay. */
const warmUp = 20_000
const bytesPerMb = 2 ** 20
/** How often the memory is told. */
const parts = 10

interface Sent {
  kind: string
  /** Whether an answer that is no error is wrong. */
  mustFail: boolean
  request: RawRequest
}

export interface BadPredictions {
  deployment: ChaosDeployment
  grpcPort: number
  world: World
  count: number
  random: Random
  tally: Tally
  log: (line: string) => void
}

/** Returns by how many megabytes a predictor has grown at most, from after the first 20,000 requests on. */
export async function sendBadPredictions(options: BadPredictions): Promise<number> {
  const { deployment, count, random, tally, log } = options
  if (count === 0) return 0
  const base = random.integerBelow(2 ** 31)
  const send = (from: number, end: number) => sendAll(options, base, from, end)
  const first = Math.min(warmUp, Math.ceil(count / 2))
  await send(0, first)
  const before = await memory(deployment)
  let growth = 0
  for (let part = 0; part < parts; part++) {
    const [from, end] = [part, part + 1].map(n => first + Math.round(((count - first) * n) / parts))
    await send(from!, end!)
    growth = growthMb(before, await memory(deployment), tally)
    log(`${end} bad predictions: a predictor has grown by ${growth} MB`)
  }
  return growth
}

async function sendAll(
  options: BadPredictions,
  base: number,
  from: number,
  end: number,
): Promise<void> {
  let next = from
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < end) {
        const first = next
        next = Math.min(end, next + depth)
        await sendBatch(options, new Random(base + first), next - first)
      }
    }),
  )
}

/** What is sent follows from `random` alone. */
async function sendBatch(options: BadPredictions, random: Random, size: number): Promise<void> {
  const { deployment, grpcPort, world, tally } = options
  const judge = ({ kind, mustFail, request }: Sent, outcome: Outcome) => {
    tally.judge(kind, textOf(request), request, outcome)
    const accepted = outcome.answers.find(({ status }) => status < 400)
    if (mustFail && accepted) {
      tally.addWrong(`${kind} was accepted: ${textOf(request)} ${accepted.body.slice(0, 200)}`)
    }
  }
  if (random.next() < shares.grpc) {
    const connection = await GrpcConnection.open(grpcPort, world.key)
    const calls = Array.from({ length: size }, () =>
      random.pick(badMessages)(random, world.predictionTarget),
    )
    await Promise.all(
      calls.map(async call => {
        const request = { parts: [Buffer.from(call.message)], due: 'answer' } as const
        judge({ kind: 'bad gRPC', mustFail: true, request }, await connection.call(call))
      }),
    )
    connection.close()
    return
  }
  const batch = Array.from({ length: size }, () => make(random, world))
  const alone = batch.filter(({ request }) => request.leave !== undefined)
  const piped = batch.filter(({ request }) => request.leave === undefined)
  const outcomes = await pipeline(
    deployment.port,
    piped.map(({ request }) => request),
  )
  for (const [i, outcome] of outcomes.entries()) judge(piped[i]!, outcome)
  for (const each of alone) judge(each, await exchange(deployment.port, each.request))
}

function make(random: Random, world: World): Sent {
  if (random.next() < 0.2) {
    const target = random.pick([world, { ...world, model: world.imageModel }])
    const request = predictKind.make(random, target)
    return { kind: 'predict body', mustFail: false, request }
  }
  const [kind, makers] = random.pick(Object.entries(badBodies))
  const text = random.pick(makers)(random, world.predictionTarget)
  if (random.next() >= shares.lying) {
    return { kind: `bad ${kind}`, mustFail: true, request: whole(text, world) }
  }
  // fewer or more bytes than promised
  const promised = ['Content-Length', String(random.pick([1, 2, 5_000_000]))] as const
  const bytes = requestBytes({ ...text, headers: [...(text.headers ?? []), promised] }, world.key)
  const request = { parts: [bytes], due: 'end', leave: 'half-close' } as const
  return { kind: 'lying length', mustFail: true, request }
}

const textOf = ({ parts }: RawRequest): string =>
  parts
    .filter(Buffer.isBuffer)
    .map(part => part.toString('latin1'))
    .join('')
    .replace(/authorization: .*/i, '')
    .slice(0, 400)

function growthMb(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
  tally: Tally,
): number {
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
