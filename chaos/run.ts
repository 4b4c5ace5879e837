// One chaos run: trains references without faults, then the same jobs with faults, then compares the results.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../src/store/store.js'
import { type Action, actions } from './actions.js'
import { RetryingClient } from './api.js'
import { bucketActions } from './bucket/bucket-actions.js'
import { checkBucket } from './bucket/bucket-leak-check.js'
import { check, checkServerErrors, Verdict } from './checker.js'
import { predictContinuously, runJobClients } from './clients.js'
import { deadline } from './deadline.js'
import { ChaosDeployment } from './deployment.js'
import { hasEnded, type JobHistory, type Reference, type Violation } from './history.js'
import { type Configuration, configurationAt, requestOf } from './job-kinds.js'
import { checkRedis, checkStopped } from './leak-check.js'
import { executePlan, plan } from './nemesis.js'
import { lastCheckpointFiles, modelFiles, pointsOf, seriesOf } from './outcome.js'
import { Random } from './random.js'
import { loadSamples, type Samples, uploadDatasets } from './samples.js'

export interface ChaosOptions {
  seed: number
  jobs: number
  kills: number
  /** Whether to keep the data folder. */
  keep: boolean
  /** Whether a bucket is the store, whose server fails, too. */
  inBucket?: boolean
}

export interface ChaosReport extends Record<Violation, number> {
  seed: number
  jobs: number
  /** Number of actions that were carried out. */
  kills: number
  seconds: number
}

const cancelShare = 0.2
const pauseShare = 0.3
const referenceTimeoutMs = 120_000
/** A job counts as lost if it has not ended this long after the last action. */
const endTimeoutMs = 300_000

export async function run({
  seed,
  jobs,
  kills,
  keep,
  inBucket = false,
}: ChaosOptions): Promise<ChaosReport> {
  const started = Date.now()
  const log = (line: string) => console.error(`${secondsSince(started).padStart(6)} s ${line}`)
  const verdict = new Verdict(log)
  const done = await ChaosDeployment.with(
    async deployment => {
      const random = new Random(seed)
      const faults = inBucket ? [...actions, ...bucketActions] : actions
      const planned = plan(random.fork(), kills, faults)
      const histories = jobHistories(random.fork(), jobs)
      const instances = await loadSamples()

      const baselineApi = new RetryingClient(
        deployment.url,
        deployment.key,
        deadline('training the references', jobs * referenceTimeoutMs),
      )
      await uploadDatasets(baselineApi.client)
      const store = await deployment.openStore()
      const references = await makeReferences(
        baselineApi,
        store,
        histories.map(each => each.configuration),
        instances,
      )
      log(`${references.size} references; ${jobs} jobs, ${kills} actions, seed ${seed}`)

      const done = await runWithFaults({
        deployment,
        histories,
        planned,
        actions: faults,
        instances,
        log,
        verdict,
      })

      const api = new RetryingClient(
        deployment.url,
        deployment.key,
        deadline('checking the results', endTimeoutMs),
      )
      const all = (await api.jobs()).map(({ id }) => id)
      await check(histories, { api, store, references }, verdict)
      await checkRedis(deployment, all, verdict)
      await deployment.stop()
      await checkStopped(deployment, verdict)
      if (deployment.bucket) await checkBucket(deployment, deployment.bucket, store, log, verdict)
      return done
    },
    { inBucket, keep: () => keep || !verdict.clean },
  )
  return { seed, jobs, kills: done, ...verdict.counts, seconds: Number(secondsSince(started)) }
}

function jobHistories(random: Random, count: number): JobHistory[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `job-${i}`,
    configuration: configurationAt(i),
    cancelAt: random.next() < cancelShare ? random.next() : null,
    cancelRequested: false,
    pauseAt: random.next() < pauseShare ? random.next() : null,
    id: null,
    rows: [],
    states: { follower: [], poller: [] },
    predictions: [],
  }))
}

/** Trains each configuration once without faults. */
export async function makeReferences(
  api: RetryingClient,
  store: Store,
  configurations: readonly Configuration[],
  instances: Samples,
): Promise<Map<string, Reference>> {
  const distinct = new Map(configurations.map(each => [each.key, each]))
  const references = [...distinct.values()].map(async configuration => {
    const { key, dataset } = configuration
    const name = `reference-${key}`
    const { id } = await api.submit(requestOf(configuration, name))
    const job = await api.waitForEnd(id, distinct.size * referenceTimeoutMs)
    if (job.status !== 'succeeded') {
      throw new Error(`reference ${key} is ${job.status}: ${job.failure?.message}`)
    }
    const reference: Reference = {
      series: seriesOf(await pointsOf(api, id)),
      model: await modelFiles(store, job),
      checkpoint: await lastCheckpointFiles(api, store, id),
      predictions: await api.predict(name, instances[dataset]),
    }
    return [key, reference] as const
  })
  return new Map(await Promise.all(references))
}

interface FaultyRun {
  deployment: ChaosDeployment
  histories: readonly JobHistory[]
  planned: ReturnType<typeof plan>
  actions: readonly Action[]
  instances: Samples
  log(line: string): void
  verdict: Verdict
}

/** Runs clients and nemesis until all jobs have ended; returns how many actions were carried out. */
async function runWithFaults(faulty: FaultyRun): Promise<number> {
  const { deployment, histories, instances, log, verdict } = faulty
  const giveUp = new AbortController()
  const api = new RetryingClient(deployment.url, deployment.key, giveUp.signal)
  let openJobs = histories.length
  const ended = new AbortController()
  const clients = histories.map(history =>
    runJobClients(api, history, instances)
      .catch((error: unknown) => {
        if (!giveUp.signal.aborted) verdict.add('lost', `${history.name}: ${error}`)
      })
      .finally(() => {
        if (--openJobs === 0) ended.abort()
      }),
  )
  const predicting = predictContinuously(api, histories, instances, ended.signal).catch(() => {})
  const done = await executePlan(faulty.planned, deployment, {
    actions: faulty.actions,
    progress: () => progressOf(histories),
    isFinished: () => openJobs === 0,
    log,
  })
  log(`${done} actions done; waiting for ${openJobs} jobs`)
  await Promise.race([Promise.all(clients), sleep(endTimeoutMs, undefined, { ref: false })])
  giveUp.abort()
  await Promise.all([...clients, predicting])
  checkServerErrors(api, verdict)
  return done
}

/** The share of all jobs' steps that is done. A job that has ended counts as complete. */
function progressOf(histories: readonly JobHistory[]): number {
  let [done, all] = [0, 0]
  for (const history of histories) {
    const { steps } = history.configuration
    all += steps
    done += hasEnded(history) ? steps : (history.rows.at(-1)?.row.step ?? 0)
  }
  return done / all
}

const secondsSince = (since: number) => ((Date.now() - since) / 1000).toFixed(1)
