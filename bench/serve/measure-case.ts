import { median } from '../statistics.js'
import { type Answers, readAnswers } from './answers.js'
import type { ServeCase } from './cases.js'
import { measureOpenLoop, type OpenLoop } from './load/open-loop.js'
import { type ClosedLoop, measureClosedLoop } from './load/wrk.js'
import type { RawRate } from './networks/raw-openvino.js'
import type { RunningServer, WithServer } from './server.js'

export interface LoadOptions {
  seconds: number
  rounds: number
  /** In place of those of the case. */
  clients?: readonly number[] | undefined
}

/** What was measured of a server in a case; of loads, the median of the rounds. */
export interface ServerResult {
  subject: string
  versions: RunningServer['versions']
  startSeconds: number
  answers: Answers
  loads: ({ clients: number } & ServerLoad)[]
  /** At twice the highest rate of the loads; null where it is not measured. */
  overload: OpenLoop | null
  memoryMb: number
}

/** A load, and what it cost the server. */
export interface ServerLoad extends ClosedLoop {
  /** Time of all cores for a request; 0 if none was answered. Unlike the others, it hardly depends on what else the machine does. */
  cpuMsPerRequest: number
}

export interface CaseResult {
  servers: ServerResult[]
  /** OpenVINO alone with the network of the case; null for trees. */
  raw: { fp32: RawRate; bf16: RawRate } | null
  notRun: { subject: string; reason: string }[]
}

interface Started {
  subject: string
  server: RunningServer
}

const warmUpSeconds = 3
const warmUpClients = 8
/** An overload lasts longer, since queues need time to grow. */
const overloadFactor = 2.5

/**
 * Starts all servers of a case, then measures them in turns, while the others are paused. `input` is what the servers
 * are given; `labels` are the classes that the requests should be answered with.
 */
export async function measureCase<Input>(
  each: ServeCase,
  input: Input,
  servers: ReadonlyMap<string, WithServer<Input>>,
  options: LoadOptions,
  check: (answers: number[][], subject: string) => Answers,
): Promise<Omit<CaseResult, 'raw'>> {
  const notRun: CaseResult['notRun'] = []
  const results = await withServers([...servers], input, notRun, started =>
    measureServers(each, started, options, check),
  )
  return { servers: results, notRun }
}

/** Calls `work` with those that start. */
async function withServers<Input, T>(
  [first, ...others]: readonly [name: string, server: WithServer<Input>][],
  input: Input,
  notRun: CaseResult['notRun'],
  work: (started: readonly Started[]) => Promise<T>,
  started: readonly Started[] = [],
): Promise<T> {
  if (!first) return work(started)
  const [subject, withServer] = first
  let isRunning = false
  console.error(`bench: starting ${subject}`)
  try {
    return await withServer(input, async server => {
      isRunning = true
      await server.pause()
      return withServers(others, input, notRun, work, [...started, { subject, server }])
    })
  } catch (error) {
    if (isRunning || !(error instanceof Error)) throw error
    console.error(`bench: ${subject} did not start: ${error.message}`)
    notRun.push({ subject, reason: error.message })
    return withServers(others, input, notRun, work, started)
  }
}

async function measureServers(
  each: ServeCase,
  started: readonly Started[],
  { seconds, rounds, clients = each.clients }: LoadOptions,
  check: (answers: number[][], subject: string) => Answers,
): Promise<ServerResult[]> {
  const answers = new Map<string, Answers>()
  for (const { subject, server } of started) {
    await whileRunning(server, async () => {
      answers.set(subject, check(await readAnswers(server), subject))
      await measureClosedLoop(server.requests, { clients: warmUpClients, seconds: warmUpSeconds })
    })
  }
  const loads = new Map(
    started.map(({ subject }) => [subject, clients.map(() => [] as ServerLoad[])]),
  )
  for (let round = 0; round < rounds; round++) {
    for (const [i, count] of clients.entries()) {
      for (const { subject, server } of started) {
        const load = await whileRunning(server, () =>
          measureLoad(server, { clients: count, seconds }),
        )
        loads.get(subject)![i]!.push(load)
        console.error(`bench: ${each.name} ${subject}, ${count} clients: ${JSON.stringify(load)}`)
      }
    }
  }
  const results: ServerResult[] = []
  for (const { subject, server } of started) {
    const medians = clients.map((count, i) => ({
      clients: count,
      ...medianLoad(loads.get(subject)![i]!),
    }))
    const peak = Math.max(...medians.map(({ requestsPerSecond }) => requestsPerSecond))
    const overload =
      each.kind === 'network' && each.isOverloaded && peak > 0
        ? await whileRunning(server, () =>
            measureOpenLoop({
              requests: server.requests,
              rate: 2 * peak,
              seconds: overloadFactor * seconds,
              patienceMs: each.boundMs,
            }),
          )
        : null
    if (overload)
      console.error(`bench: ${each.name} ${subject}, overload: ${JSON.stringify(overload)}`)
    results.push({
      subject,
      versions: server.versions,
      startSeconds: server.startSeconds,
      answers: answers.get(subject)!,
      loads: medians,
      overload,
      memoryMb: await server.memoryMb(),
    })
  }
  return results
}

async function measureLoad(
  server: RunningServer,
  load: { clients: number; seconds: number },
): Promise<ServerLoad> {
  const before = await server.cpuSeconds()
  const measured = await measureClosedLoop(server.requests, load)
  const cpuSeconds = (await server.cpuSeconds()) - before
  const requests = measured.requestsPerSecond * load.seconds
  return { ...measured, cpuMsPerRequest: requests === 0 ? 0 : (cpuSeconds / requests) * 1000 }
}

async function whileRunning<T>(server: RunningServer, work: () => Promise<T>): Promise<T> {
  await server.resume()
  try {
    return await work()
  } finally {
    await server.pause()
  }
}

/**
 * The median of each figure, without rounds in which the server had ended, if it answered in others; of refused and
 * failed requests, the sum.
 */
function medianLoad(loads: readonly ServerLoad[]): ServerLoad {
  const answered = loads.filter(({ requestsPerSecond }) => requestsPerSecond > 0)
  const counted = answered.length > 0 ? answered : loads
  const medianOf = (key: keyof ServerLoad) => median(counted.map(load => load[key]))
  return {
    requestsPerSecond: medianOf('requestsPerSecond'),
    p50Ms: medianOf('p50Ms'),
    p99Ms: medianOf('p99Ms'),
    cpuMsPerRequest: medianOf('cpuMsPerRequest'),
    refused: loads.reduce((sum, { refused }) => sum + refused, 0),
    failed: loads.reduce((sum, { failed }) => sum + failed, 0),
  }
}
