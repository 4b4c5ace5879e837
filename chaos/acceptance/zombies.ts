// P7: a worker, or its trainer, that was away for longer than its lock wakes up when another has its job.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { eventually } from '../../testing/test-deployment.js'
import { RetryingClient } from '../api.js'
import { type RecordedAttempt, readAttempts } from '../attempts.js'
import { type CheckContext, check, findStaleWrites, Verdict } from '../checker.js'
import { runJobClients } from '../clients.js'
import { type ClusterWorker, TestCluster } from '../cluster.js'
import { signal } from '../deployment.js'
import type { JobHistory } from '../history.js'
import { type Configuration, jobKinds } from '../job-kinds.js'
import { pointsOf } from '../outcome.js'
import { Random } from '../random.js'
import { makeReferences } from '../run.js'
import { loadSamples, type Samples, uploadDatasets } from '../samples.js'
import type { AcceptanceResult, AcceptanceTest } from './acceptance-test.js'

const seed = 7
const names = ['worker-a', 'worker-b']
/** As short as a busy machine allows: a round lasts a multiple of it. */
const lockMs = 2000
/** From the moment when all can speak again: what has lost its job has ended by then. */
const maxOverlapMs = lockMs + 5000
const takeoverTimeoutMs = 60_000
const endTimeoutMs = 180_000

export const zombies: AcceptanceTest = {
  guarantee: 'P7',
  description:
    'a worker that comes back to a job that another has taken over changes nothing of it',
  rounds: 50,
  run,
}

interface JobOwner {
  worker: ClusterWorker
  trainer: number
}

interface Fault {
  name: string
  /** Whether the job goes to the other worker; else it stays, and the worker sees what happens. */
  expectsTakeover: boolean
  /** How long it lasts, from the moment when the other worker has the job. */
  durationMs: readonly [number, number]
  /** Returns what ends it. */
  inject(owner: JobOwner, random: Random): () => Promise<void> | void
}

const suspend = (pid: number) => {
  signal(pid, 'SIGSTOP')
  return () => void signal(pid, 'SIGCONT')
}

const faults: readonly Fault[] = [
  {
    name: 'stop worker',
    expectsTakeover: true,
    durationMs: [0, 8000],
    inject: ({ worker }) => suspend(worker.service.pid!),
  },
  {
    name: 'stop trainer',
    expectsTakeover: false,
    // its worker ends it after 10 s
    durationMs: [2000, 14_000],
    inject: ({ trainer }) => suspend(trainer),
  },
  {
    name: 'stop both',
    expectsTakeover: true,
    durationMs: [0, 8000],
    inject({ worker, trainer }, random) {
      const [wakeTrainer, wakeWorker] = [suspend(trainer), suspend(worker.service.pid!)]
      // the trainer wakes first, and nobody tells it that it is late
      const aloneMs = random.uniform(0, 3000)
      return async () => {
        wakeTrainer()
        await sleep(aloneMs)
        wakeWorker()
      }
    },
  },
  {
    name: 'partition worker',
    expectsTakeover: true,
    durationMs: [0, 12_000],
    inject({ worker }) {
      worker.redisProxy.partition()
      return () => worker.redisProxy.heal()
    },
  },
  {
    name: 'silence lock',
    expectsTakeover: true,
    durationMs: [0, 12_000],
    inject({ worker }) {
      // what BullMQ asks on the connection alone by which it renews locks; all others work
      worker.redisProxy.stallMatching('stalled-check')
      return () => worker.redisProxy.heal()
    },
  },
]

/** Kinds of the chaos run, trained for so long that an old attempt meets the new one. */
const trainingSteps: Readonly<Record<string, number>> = { adam: 900, augmented: 450, boosting: 500 }
const configurations = Object.entries(trainingSteps).map(([name, steps]) => withSteps(name, steps))

function withSteps(name: string, steps: number): Configuration {
  const { dataset, request } = jobKinds.find(kind => kind.name === name)!
  const { model, training } = request(1)
  const template =
    model.kind === 'boosting'
      ? { model: { ...model, rounds: steps }, training }
      : { model, training: { ...training, steps } }
  return { key: name, steps, dataset, template: template as Configuration['template'] }
}

interface RoundResult {
  kind: string
  attempts: number
  /** For how long after all could speak again two trainers ran. */
  overlapMs: number
  /** Rows that an older attempt wrote after a newer one had begun. */
  lateRows: number
}

async function run(rounds: number, log: (line: string) => void): Promise<AcceptanceResult> {
  const violations: string[] = []
  const work = (cluster: TestCluster) => runRounds(cluster, rounds, log, violations)
  const results = await TestCluster.with(names, lockMs, work, () => violations.length > 0)
  const maxOf = (of: (one: RoundResult) => number) => Math.max(0, ...results.map(of))
  return {
    rounds: results.length,
    violations,
    measurements: {
      takeovers: results.filter(({ attempts }) => attempts > 1).length,
      maxAttempts: maxOf(({ attempts }) => attempts),
      roundsWithLateRows: results.filter(({ lateRows }) => lateRows > 0).length,
      lateRows: results.reduce((sum, { lateRows }) => sum + lateRows, 0),
      maxTrainerOverlapMs: maxOf(({ overlapMs }) => overlapMs),
    },
  }
}

async function runRounds(
  cluster: TestCluster,
  rounds: number,
  log: (line: string) => void,
  violations: string[],
): Promise<RoundResult[]> {
  const random = new Random(seed)
  const instances = await loadSamples()
  const baselineApi = new RetryingClient(cluster.url, cluster.key, new AbortController().signal)
  await uploadDatasets(baselineApi.client)
  const references = await makeReferences(baselineApi, cluster, configurations, instances)
  log(`${references.size} references`)
  const { folder } = cluster
  const store = await openFolderStore(folder)
  const results: RoundResult[] = []
  for (let i = 0; i < rounds; i++) {
    // by turns, so that a short run has each
    const fault = faults[i % faults.length]!
    const round = new Round(cluster, { store, folder, references }, what => {
      violations.push(`round ${i}, ${fault.name}: ${what}`)
    })
    const result = await round.run(`zombie-${i}`, fault, random.fork(), instances)
    results.push(result)
    const { kind, attempts, lateRows, overlapMs } = result
    log(
      `${i} ${fault.name}, ${kind}: ${attempts} attempts, ${lateRows} late rows, two trainers for ${overlapMs} ms, ${violations.length} violations`,
    )
  }
  return results
}

class Round {
  constructor(
    private readonly cluster: TestCluster,
    private readonly context: Omit<CheckContext, 'api'>,
    private readonly reportViolation: (what: string) => void,
  ) {}

  async run(name: string, fault: Fault, random: Random, instances: Samples): Promise<RoundResult> {
    const configuration = random.pick(configurations)
    const faultStep = random.uniform(0.05, 0.4) * configuration.steps
    const durationMs = random.uniform(...fault.durationMs)
    const api = new RetryingClient(
      this.cluster.url,
      this.cluster.key,
      AbortSignal.timeout(endTimeoutMs),
    )
    const context = { ...this.context, api }
    const history = newHistory(name, configuration)
    let ended = false
    const clients = runJobClients(api, history, instances)
      .catch(error => this.reportViolation(`its clients gave up: ${error}`))
      .finally(() => {
        ended = true
      })

    await eventually(() => ended || (history.rows.at(-1)?.row.step ?? 0) >= faultStep)
    const owner = await this.waitForOwner(() => ended)
    if (!owner) throw new Error(`${name} ended before it could be disturbed`)
    const heal = fault.inject(owner, random)
    if (fault.expectsTakeover) await this.waitForTakeover(history.id!, () => ended)
    await this.monitorUntil(context, history.id!, since => since > durationMs)
    await heal()
    const overlapMs = await this.monitorUntil(
      context,
      history.id!,
      (since, trainers) => ended && (trainers === 0 || since > maxOverlapMs),
    )
    if (overlapMs > maxOverlapMs)
      this.reportViolation(`two trainers ${overlapMs} ms after the end of the fault`)
    await clients
    if ((await this.cluster.trainers()).length > 0)
      this.reportViolation('a trainer outlives the job')
    await check([history], context, new Verdict(this.reportViolation))
    const attempts = await this.attempts(history.id!)
    return {
      kind: configuration.key,
      attempts: attempts.length,
      overlapMs,
      lateRows: lateRows(attempts),
    }
  }

  /** Who trains the only job that there is. */
  private async waitForOwner(jobEnded: () => boolean): Promise<JobOwner | null> {
    for (; ; await sleep(20)) {
      for (const worker of this.cluster.workers) {
        const trainer = await worker.trainer()
        if (trainer !== undefined) return { worker, trainer }
      }
      if (jobEnded()) return null
    }
  }

  /** Or ended by the one that had it: from the store alone a worker can. */
  private async waitForTakeover(id: string, ended: () => boolean): Promise<void> {
    const since = Date.now()
    const taken = async () => (await this.attempts(id)).length > 1
    const late = () => Date.now() - since > takeoverTimeoutMs
    await eventually(async () => (await taken()) || ended() || late())
    if (late()) this.reportViolation('nobody has taken the job over')
  }

  /** Looks on until it is over; for how long there were two trainers. */
  private async monitorUntil(
    context: CheckContext,
    id: string,
    isDone: (sinceMs: number, trainers: number) => boolean,
  ): Promise<number> {
    const started = Date.now()
    for (let overlapMs = 0; ; await sleep(200)) {
      const trainers = (await this.cluster.trainers()).length
      const sinceMs = Date.now() - started
      if (trainers > 1) overlapMs = sinceMs
      for (const what of await this.visibleStaleWrites(context.api, id)) this.reportViolation(what)
      if (isDone(sinceMs, trainers)) return overlapMs
    }
  }

  /** What clients are shown at this moment; nothing is said while another attempt begins. */
  private async visibleStaleWrites(api: RetryingClient, id: string): Promise<string[]> {
    const before = (await this.attempts(id)).length
    const points = await pointsOf(api, id)
    const checkpoints = await api.checkpoints(id)
    // the logs only grow, so these hold what was shown
    const attempts = await this.attempts(id)
    return attempts.length === before ? findStaleWrites(points, checkpoints, attempts) : []
  }

  private attempts(id: string): Promise<RecordedAttempt[]> {
    return readAttempts(this.context.store, this.context.folder, id)
  }
}

function lateRows(attempts: readonly RecordedAttempt[]): number {
  const late = attempts.flatMap(({ rows }, i) => {
    const newer = attempts[i + 1]
    return newer ? rows.filter(({ time }) => time > newer.startedAt) : []
  })
  return late.length
}

const newHistory = (name: string, configuration: Configuration): JobHistory => ({
  name,
  configuration,
  id: null,
  rows: [],
  predictions: [],
  states: { followed: [], polled: [] },
  cancelAt: null,
  cancelRequested: false,
  pauseAt: null,
})
