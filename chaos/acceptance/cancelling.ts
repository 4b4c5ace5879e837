// P10. One slot, so that the trainer at work is known: it is the oldest one.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { glance, lives } from '../../src/processes.js'
import type { Job } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { withRedisDown } from '../actions.js'
import { Api } from '../api.js'
import { Verdict } from '../checker.js'
import { Site, signal } from '../deployment.js'
import { checkRedis, checkStopped } from '../leak-check.js'
import { Random } from '../random.js'
import { uploadAll } from '../samples.js'
import type { Gate } from './acceptance-test.js'
import { algorithms, endless } from './endless-jobs.js'
import { percentile, spread } from './percentile.js'
import { oldestTrainer, stillBusy } from './trainers.js'

const acknowledgeWithinMs = 2000
const goneWithinMs = 10_000
/** Beyond it a job counts as never cancelled. */
const hopelessMs = 60_000
const redisDownMs = 2000
/** Jobs at a time: one trains, the others wait. */
const lanes = 4

/** When a client changes its mind. */
interface Moment {
  name: string
  weight: number
  snapshotEvery: number
  reached(job: Job, step: number): boolean
}

const moments: readonly Moment[] = [
  { name: 'queued', weight: 3, snapshotEvery: 1000, reached: () => true },
  { name: 'starting', weight: 2, snapshotEvery: 1000, reached: ({ phase }) => phase !== null },
  {
    name: 'training',
    weight: 3,
    snapshotEvery: 1000,
    reached: ({ progress }, step) => progress.step >= step,
  },
  {
    name: 'saving',
    weight: 2,
    snapshotEvery: 1,
    reached: ({ progress }, step) => progress.step >= step,
  },
]

/** What is done to the server around the request. */
type Disturbance = 'none' | 'api killed' | 'redis down'

interface Cancelled {
  job: Job
  disturbance: Disturbance
  moment: string
  /** From the request to its answer, and from the answer to the end of the trainer; null where none had begun. */
  acknowledgedMs: number
  goneMs: number | null
  /** Bytes of its metrics. */
  trained: number
}

export const cancelling: Gate = {
  promise: 'P10',
  what: 'jobs are cancelled at any moment',
  rounds: 500,
  run: (rounds, say) =>
    Site.with(site => cancelJobs(site, rounds, say), { settings: { TRAINYARD_SLOTS: '1' } }),
}

async function cancelJobs(site: Site, rounds: number, say: (line: string) => void) {
  const api = new Api(site.url, site.key, new AbortController().signal)
  await uploadAll(api.client)
  const random = new Random(10)
  const violations: string[] = []
  const done: Cancelled[] = []

  const one = async (n: number) => {
    const cancelled = await cancelOne(site, api, n, random.fork())
    if (typeof cancelled === 'string') violations.push(cancelled)
    else done.push(cancelled)
    if (n % 25 === 0) say(`${done.length} cancelled`)
  }
  const lane = pLimit(lanes)
  const together: Promise<void>[] = []
  for (let n = 1; n <= rounds; n++) {
    if (disturbanceOf(n) === 'none') {
      together.push(lane(() => one(n)))
      continue
    }
    // who disturbs the server is alone with it
    await Promise.all(together.splice(0))
    await one(n)
  }
  await Promise.all(together)

  violations.push(...judge(done))
  const verdict = new Verdict(line => violations.push(line))
  await checkEnds(site, api, done, violations)
  await checkRedis(
    site,
    done.map(({ job }) => job.id),
    verdict,
  )
  await site.stop()
  await checkStopped(site, verdict)
  return { rounds: done.length, violations, figures: figuresOf(done) }
}

const disturbanceOf = (n: number): Disturbance =>
  n % 50 === 0 ? 'redis down' : n % 25 === 0 ? 'api killed' : 'none'

/** One life; what is wrong, in words, where it does not end. */
async function cancelOne(
  site: Site,
  api: Api,
  n: number,
  random: Random,
): Promise<Cancelled | string> {
  const moment = random.weighted(moments)
  const { snapshotEvery } = moment
  const name = `cancelled-${n}`
  const { id } = await api.submit(endless(algorithms[n % 2]!, name, { snapshotEvery }))
  const step = 1 + random.below(60)
  while (!moment.reached(await api.job(id), step)) await sleep(50)
  await sleep(random.below(300))

  const trainer = await oldestTrainer(site)
  const disturbance = disturbanceOf(n)
  const asked = performance.now()
  let acknowledged = asked
  const ask = () =>
    api.act(id, 'cancel').finally(() => {
      acknowledged = performance.now()
    })
  if (!(await disturbances[disturbance](site, random, ask))) {
    return `${name} (${disturbance}, ${moment.name}) was refused: it had ended`
  }
  let job = await api.job(id)
  while (job.finishedAt === null && performance.now() - acknowledged < hopelessMs) {
    await sleep(25)
    job = await api.job(id)
  }
  const where = `${name} (${id}, ${disturbance}, ${moment.name})`
  if (job.status !== 'cancelled') return `${where} is ${job.status}`
  const began = job.attempt > 0 && trainer !== null
  while (began && lives(glance(trainer))) {
    if (performance.now() - acknowledged > hopelessMs)
      return `${where}: trainer ${trainer} lives on`
    await sleep(10)
  }
  return {
    ...{ job, disturbance, moment: moment.name },
    acknowledgedMs: acknowledged - asked,
    goneMs: began ? performance.now() - acknowledged : null,
    trained: await trainedBytes(site, id),
  }
}

/** Each carries the request out until it is accepted: false where it is refused. */
const disturbances: Record<
  Disturbance,
  (site: Site, random: Random, ask: () => Promise<boolean>) => Promise<boolean>
> = {
  none: (_site, _random, ask) => ask(),
  'api killed': async (site, random, ask) => {
    const [pid] = await site.find('api')
    const asked = ask()
    await sleep(random.below(30))
    if (pid !== undefined) signal(pid, 'SIGKILL')
    return asked
  },
  'redis down': async (site, _random, ask) => {
    let asked = Promise.resolve(false)
    await withRedisDown(site, async () => {
      asked = ask()
      await sleep(redisDownMs)
    })
    return asked
  },
}

async function trainedBytes(site: Site, id: string): Promise<number> {
  const store = await openFolderStore(site.folder)
  const home = `jobs/${id}/attempts`
  const sizes = (await store.list(home)).map(epoch =>
    stat(join(site.folder, home, epoch, 'metrics.ndjson')).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

function judge(done: readonly Cancelled[]): string[] {
  const of = (what: string, values: number[], mostMs: number) => {
    const p99 = percentile(values, 0.99)
    return p99 > mostMs ? [`${what} after ${p99.toFixed(0)} ms (p99), promised are ${mostMs}`] : []
  }
  return [
    ...of('acknowledged', acknowledgements(done, 'none'), acknowledgeWithinMs),
    ...of('the trainer is gone', ends(done), goneWithinMs),
  ]
}

const acknowledgements = (done: readonly Cancelled[], how: Disturbance) =>
  done.filter(({ disturbance }) => disturbance === how).map(one => one.acknowledgedMs)

const ends = (done: readonly Cancelled[]) =>
  done.map(({ goneMs }) => goneMs).filter(ms => ms !== null)

/** Ended once, for good, and nothing trains on. */
async function checkEnds(
  site: Site,
  api: Api,
  done: readonly Cancelled[],
  violations: string[],
): Promise<void> {
  const listed = new Map((await api.jobs()).map(job => [job.id, job]))
  for (const { job, trained } of done) {
    const now = listed.get(job.id)
    const ends = now?.transitions.filter(({ status }) => status === 'cancelled').length
    if (now?.status !== 'cancelled' || ends !== 1) {
      violations.push(`${job.name} (${job.id}) is ${now?.status}, ended ${ends} times`)
    }
    const later = await trainedBytes(site, job.id)
    if (later !== trained) violations.push(`${job.name} went on: ${trained} to ${later} bytes`)
  }
  if (listed.size !== done.length) {
    violations.push(`${listed.size} jobs are there, ${done.length} were cancelled`)
  }
  for (const { path, status, text } of api.faults) {
    violations.push(`${path} answered ${status}: ${text}`)
  }
  const busy = await stillBusy(site)
  if (busy.length > 0) violations.push(`trainers ${busy} are at work, and no job is left`)
}

function figuresOf(done: readonly Cancelled[]): Record<string, number> {
  const count = (name: string) => done.filter(({ moment }) => moment === name).length
  return {
    ...Object.fromEntries(moments.map(({ name }) => [name, count(name)])),
    ...spread('acknowledgedMs', acknowledgements(done, 'none')),
    ...spread('apiKilledAcknowledgedMs', acknowledgements(done, 'api killed')),
    ...spread('redisDownAcknowledgedMs', acknowledgements(done, 'redis down')),
    ...spread('goneMs', ends(done)),
    trainersEnded: ends(done).length,
  }
}
