// P7. A worker or trainer comes back after another worker has taken over its job.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { eventually } from '../../testing/eventually.js'
import { RetryingClient } from '../api.js'
import { type RecordedAttempt, readAttempts } from '../attempts.js'
import { type CheckContext, check, findStaleWrites, Verdict } from '../checker.js'
import { runJobClients } from '../clients.js'
import { type ClusterWorker, TestCluster } from '../cluster.js'
import { deadline } from '../deadline.js'
import { signal } from '../deployment.js'
import type { JobHistory } from '../history.js'
import { type Configuration, jobKinds } from '../job-kinds.js'
import { pointsOf } from '../outcome.js'
import { Random } from '../random.js'
import { makeReferences } from '../run.js'
import { loadSamples, type Samples, uploadDatasets } from '../samples.js'
import { type AcceptanceResult, type AcceptanceTest, testDeadline } from './acceptance-test.js'

const seed = 7
const names = ['worker-a', 'worker-b']
/** As short as a busy machine allows, because a round takes several times as long. */
const lockMs = 2000
/** After the end of a fault, a worker that lost its job must stop its trainer within this time. */
const maxOverlapMs = lockMs + 5000
const takeoverTimeoutMs = 60_000
/** Only a guard against a hang: on a busy machine a round takes minutes. */
const endTimeoutMs = 600_000

export const zombies: AcceptanceTest = {
  guarantee: 'P7',
  description:
    'a worker that comes back to a job that another worker has taken over changes nothing',
  rounds: 50,
  run,
}

interface JobOwner {
  worker: ClusterWorker
  trainer: number
}

interface Fault {
  name: string
  /** Whether the other worker takes the job over. If not, the owner keeps it. */
  expectsTakeover: boolean
  /** Shortest and longest duration, measured from the takeover. */
  durationMs: readonly [number, number]
  /** Starts the fault; returns a function that ends it. */
  inject(owner: JobOwner, random: Random): () => Promise<void> | void
}

const suspend = (pid: number) => {
  signal(pid, 'SIGSTOP')
  return () => void signal(pid, 'SIGCONT')
}

const faults: readonly Fault[] = [
  {
    name: 'suspend worker',
    expectsTakeover: true,
    durationMs: [0, 8000],
    inject: ({ worker }) => suspend(worker.service.pid!),
  },
  {
    name: 'suspend trainer',
    expectsTakeover: false,
    // its worker kills it after 10 s
    durationMs: [2000, 14_000],
    inject: ({ trainer }) => suspend(trainer),
  },
  {
    name: 'suspend both',
    expectsTakeover: true,
    durationMs: [0, 8000],
    inject({ worker, trainer }, random) {
      const [wakeTrainer, wakeWorker] = [suspend(trainer), suspend(worker.service.pid!)]
      // the trainer wakes first, without a worker that tells it to stop
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
    name: 'stall lock renewal',
    expectsTakeover: true,
    durationMs: [0, 12_000],
    inject({ worker }) {
      // BullMQ sends this command only on the connection that renews locks
      worker.redisProxy.stallMatching('stalled-check')
      return () => worker.redisProxy.heal()
    },
  },
]

/** Kinds of the chaos run with more steps, so that the old and the new attempt overlap. */
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
  /** How long two trainers ran after the end of the fault. */
  overlapMs: number
  /** Rows that an older attempt wrote after a newer one had started. */
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
  const baselineApi = new RetryingClient(cluster.url, cluster.key, testDeadline('P7'))
  await uploadDatasets(baselineApi.client)
  const store = await openFolderStore(cluster.folder)
  const references = await makeReferences(baselineApi, store, configurations, instances)
  log(`${references.size} references`)
  const results: RoundResult[] = []
  for (let i = 0; i < rounds; i++) {
    // in turn, so that a short run has each fault
    const fault = faults[i % faults.length]!
    const round = new Round(cluster, { store, references }, what => {
      violations.push(`round ${i}, ${fault.name}: ${what}`)
    })
    const result = await round.run(`zombie-${i}`, fault, random.fork(), instances)
    results.push(result)
    const { kind, attempts, lateRows, overlapMs } = result
    log(
      `${i} ${fault.name}, ${kind}: ${attempts} attempts, ${lateRows} late rows, overlap ${overlapMs} ms, ${violations.length} violations`,
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
    const api = new RetryingClient(this.cluster.url, this.cluster.key, deadline(name, endTimeoutMs))
    const context = { ...this.context, api }
    const history = newHistory(name, configuration)
    let ended = false
    const clients = runJobClients(api, history, instances)
      .catch(error => this.reportViolation(`the clients gave up: ${error}`))
      .finally(() => {
        ended = true
      })

    const hasReachedStep = () => ended || (history.rows.at(-1)?.row.step ?? 0) >= faultStep
    await eventually(`${name} to reach step ${faultStep.toFixed(0)}`, hasReachedStep, {
      timeoutMs: endTimeoutMs,
    })
    const owner = await this.waitForOwner(name, () => ended)
    if (!owner) throw new Error(`${name} ended before the fault`)
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
      this.reportViolation(`two trainers still ran ${overlapMs} ms after the end of the fault`)
    await clients
    if ((await this.cluster.trainers()).length > 0)
      this.reportViolation('a trainer still runs after the end of the job')
    await check([history], context, new Verdict(this.reportViolation))
    const attempts = await this.attempts(history.id!)
    return {
      kind: configuration.key,
      attempts: attempts.length,
      overlapMs,
      lateRows: lateRows(attempts),
    }
  }

  /** The worker that trains the only job; null if the job ends. */
  private async waitForOwner(name: string, jobEnded: () => boolean): Promise<JobOwner | null> {
    const findOwner = async () => {
      for (const worker of this.cluster.workers) {
        const trainer = await worker.trainer()
        if (trainer !== undefined) return { worker, trainer }
      }
      return jobEnded() && 'none'
    }
    const owner = await eventually(`a trainer of ${name}`, findOwner, { timeoutMs: endTimeoutMs })
    return owner === 'none' ? null : owner
  }

  /** Waits for a second attempt, or for the end of the job: a worker can end a job without Redis. */
  private async waitForTakeover(id: string, ended: () => boolean): Promise<void> {
    const isTaken = async () => ended() || (await this.attempts(id)).length > 1
    await eventually(`a takeover of ${id}`, isTaken, {
      timeoutMs: takeoverTimeoutMs,
      intervalMs: 50,
    }).catch(({ message }: Error) => this.reportViolation(message))
  }

  /** Checks what clients see until `isDone`; returns how many ms two trainers ran. */
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
      if (sinceMs > endTimeoutMs) throw new Error(`${id} did not end within ${endTimeoutMs} ms`)
    }
  }

  /** Stale writes that clients see now; none are reported if a new attempt starts in the meantime. */
  private async visibleStaleWrites(api: RetryingClient, id: string): Promise<string[]> {
    const before = (await this.attempts(id)).length
    const points = await pointsOf(api, id)
    const checkpoints = await api.checkpoints(id)
    // logs only grow, so these attempts contain every row that was shown
    const attempts = await this.attempts(id)
    return attempts.length === before ? findStaleWrites(points, checkpoints, attempts) : []
  }

  private attempts(id: string): Promise<RecordedAttempt[]> {
    return readAttempts(this.context.store, id)
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
  states: { follower: [], poller: [] },
  cancelAt: null,
  cancelRequested: false,
  pauseAt: null,
})
