// One run: references in peace, then the same jobs under attack, then the verdict.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../src/store/folder-store.js'
import { Api } from './api.js'
import { check, checkFaults, Verdict } from './checker.js'
import { accompany, keepPredicting } from './clients.js'
import { Site } from './deployment.js'
import { hasEnded, type JobHistory, type Reference, type Violation } from './history.js'
import { type Configuration, configuration, requestOf } from './job-kinds.js'
import { checkRedis, checkStopped } from './leak-check.js'
import { carryOut, plan } from './nemesis.js'
import { lastCheckpointFiles, modelFiles, pointsOf, seriesOf } from './outcome.js'
import { Random } from './random.js'
import { type Samples, samples, uploadAll } from './samples.js'

export interface Options {
  seed: number
  jobs: number
  kills: number
  /** Keep the data folder. */
  keep: boolean
}

export interface Report extends Record<Violation, number> {
  seed: number
  jobs: number
  /** Actions that were carried out. */
  kills: number
  seconds: number
}

const cancelShare = 0.2
const pauseShare = 0.3
/** From the last action on: a job that has not ended by then is lost. */
const endWithinMs = 300_000

export async function run({ seed, jobs, kills, keep }: Options): Promise<Report> {
  const started = Date.now()
  const log = (line: string) => console.error(`${seconds(started).padStart(6)} s ${line}`)
  const verdict = new Verdict(log)
  const done = await Site.with(
    async site => {
      const random = new Random(seed)
      const planned = plan(random.fork(), kills)
      const histories = jobHistories(random.fork(), jobs)
      const asked = await samples()

      const calm = new Api(site.url, site.key, new AbortController().signal)
      await uploadAll(calm.client)
      const references = await makeReferences(
        calm,
        site,
        histories.map(each => each.configuration),
        asked,
      )
      log(`${references.size} references; ${jobs} jobs, ${kills} actions, seed ${seed}`)

      const done = await disturb(site, histories, planned, asked, log, verdict)

      const api = new Api(site.url, site.key, AbortSignal.timeout(endWithinMs))
      const store = await openFolderStore(site.folder)
      const all = (await api.jobs()).map(({ id }) => id)
      await check(histories, { api, store, folder: site.folder, references }, verdict)
      await checkRedis(site, all, verdict)
      await site.stop()
      await checkStopped(site, verdict)
      return done
    },
    { keep: () => keep || !verdict.clean },
  )
  return { seed, jobs, kills: done, ...verdict.counts, seconds: Number(seconds(started)) }
}

function jobHistories(random: Random, count: number): JobHistory[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `job-${i}`,
    configuration: configuration(i),
    cancelAt: random.next() < cancelShare ? random.next() : null,
    cancelAsked: false,
    pauseAt: random.next() < pauseShare ? random.next() : null,
    id: null,
    rows: [],
    states: { followed: [], polled: [] },
    predictions: [],
  }))
}

/** Each configuration once, undisturbed. */
export async function makeReferences(
  api: Api,
  { folder }: Pick<Site, 'folder'>,
  configurations: readonly Configuration[],
  asked: Samples,
): Promise<Map<string, Reference>> {
  const store = await openFolderStore(folder)
  const distinct = new Map(configurations.map(each => [each.key, each]))
  const made = [...distinct.values()].map(async configuration => {
    const { key, dataset } = configuration
    const name = `calm-${key}`
    const { id } = await api.submit(requestOf(configuration, name))
    for await (const _ of api.follow(id)) {
      // until it ends
    }
    const job = await api.job(id)
    if (job.status !== 'succeeded') {
      throw new Error(`undisturbed, ${key} has ${job.status}: ${job.failure?.message}`)
    }
    const reference: Reference = {
      series: seriesOf(await pointsOf(api, id)),
      model: await modelFiles(store, job),
      checkpoint: await lastCheckpointFiles(api, store, id),
      predictions: await api.predict(name, asked[dataset]),
    }
    return [key, reference] as const
  })
  return new Map(await Promise.all(made))
}

/** Lets clients and the nemesis loose together until all jobs have ended; how many actions were done. */
async function disturb(
  site: Site,
  histories: readonly JobHistory[],
  planned: ReturnType<typeof plan>,
  asked: Samples,
  log: (line: string) => void,
  verdict: Verdict,
): Promise<number> {
  const tooLate = new AbortController()
  const api = new Api(site.url, site.key, tooLate.signal)
  let open = histories.length
  const ended = new AbortController()
  const lives = histories.map(history =>
    accompany(api, history, asked)
      .catch((error: unknown) => {
        if (!tooLate.signal.aborted) verdict.add('lost', `${history.name}: ${error}`)
      })
      .finally(() => {
        if (--open === 0) ended.abort()
      }),
  )
  const predicting = keepPredicting(api, histories, asked, ended.signal).catch(() => {})
  const done = await carryOut(planned, site, {
    progress: () => progressOf(histories),
    over: () => open === 0,
    log,
  })
  log(`${done} actions done; waiting for ${open} jobs`)
  await Promise.race([Promise.all(lives), sleep(endWithinMs, undefined, { ref: false })])
  tooLate.abort()
  await Promise.all([...lives, predicting])
  checkFaults(api, verdict)
  return done
}

/** Of the steps that the jobs have in all; a job that has ended has done its own. */
function progressOf(histories: readonly JobHistory[]): number {
  let [done, all] = [0, 0]
  for (const history of histories) {
    const { steps } = history.configuration
    all += steps
    done += hasEnded(history) ? steps : (history.rows.at(-1)?.row.step ?? 0)
  }
  return done / all
}

const seconds = (since: number) => ((Date.now() - since) / 1000).toFixed(1)
