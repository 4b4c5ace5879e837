// Gang jobs whose ranks are killed and stopped at random rounds, compared with gang jobs that nobody disturbs.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import type { Store } from '../../src/store/store.js'
import { eventually } from '../../testing/eventually.js'
import { listeningPorts, portsOf } from '../../testing/listening-ports.js'
import { findRanks, type Rank } from '../../testing/ranks.js'
import { RetryingClient } from '../api.js'
import { deadline } from '../deadline.js'
import { ChaosDeployment, signal } from '../deployment.js'
import type { Reference } from '../history.js'
import { requestOf } from '../job-kinds.js'
import { lastCheckpointFiles, modelFiles, pointsOf, seriesOf } from '../outcome.js'
import { Random } from '../random.js'
import { makeReferences } from '../run.js'
import { loadSamples, type Samples, uploadDatasets } from '../samples.js'
import { gangConfigurationAt, gangKindAt, gangKinds } from './gang-kinds.js'

export interface DistributedOptions {
  seed: number
  jobs: number
  kills: number
  /** Whether to keep the data folder. */
  keep: boolean
}

/** What must not happen. */
interface Violations {
  /** Jobs that do not end, or fail. */
  lost: number
  /** Attempts whose ranks do not all end within `endDeadlineMs` after one was killed or stopped. */
  hung: number
  /** Models, checkpoints, metrics or predictions that are not those of an undisturbed job. */
  different: number
  /** Processes that are left, and ports of ranks that the host has open. */
  left: number
}

export interface DistributedReport extends Violations {
  seed: number
  jobs: number
  /** Ranks that were killed or stopped. */
  kills: number
  /** The longest time until all ranks of an attempt had ended. */
  longestEndMs: number
  seconds: number
}

const endDeadlineMs = 15_000
/** Of a job without the kills, on a busy machine; each kill adds to it. */
const jobTimeoutMs = 180_000
const killTimeoutMs = 60_000
/** How many of the ranks are stopped instead of killed. */
const stopShare = 0.2
/** A kill comes so many rounds (of a network: steps) after an attempt began, or less. There is a checkpoint every 4 rounds, so jobs get on. */
const maxRoundsBetween = 8

export async function runDistributed(options: DistributedOptions): Promise<DistributedReport> {
  const { seed, jobs, kills, keep } = options
  const started = Date.now()
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1)
  const counts: Violations = { lost: 0, hung: 0, different: 0, left: 0 }
  const figures = { kills: 0, longestEndMs: 0 }
  const log = (line: string) => console.error(`${seconds().padStart(6)} s ${line}`)
  const add = (violation: keyof Violations, text: string) => {
    counts[violation]++
    log(`VIOLATION ${violation}: ${text}`)
  }
  await ChaosDeployment.with(
    async deployment => {
      const limitMs = (jobs + gangKinds.length) * jobTimeoutMs + kills * killTimeoutMs
      const signal = deadline('the whole run', limitMs)
      const api = new RetryingClient(deployment.url, deployment.key, signal)
      await uploadDatasets(api.client)
      const instances = await loadSamples()
      const configurations = Array.from({ length: jobs }, (_, i) => gangConfigurationAt(i))
      const undisturbed = configurations.map((_, i) => gangConfigurationAt(i, true))
      const store = await openFolderStore(deployment.folder)
      const references = await makeReferences(api, store, undisturbed, instances)
      log(`${references.size} references; ${jobs} jobs, ${kills} kills, seed ${seed}`)
      const random = new Random(seed)
      for (const [i, configuration] of configurations.entries()) {
        // a job may end before all of its kills, which the later ones get
        const planned = Math.ceil((kills - figures.kills) / (jobs - i))
        const name = `distributed-${i}`
        const { id } = await api.submit(requestOf(configuration, name))
        const { workers } = gangKindAt(i)
        const run = { deployment, api, id, name, workers, random: random.fork(), add, figures }
        const done = await killRanks(run, planned)
        figures.kills += done
        const timeoutMs = jobTimeoutMs + planned * killTimeoutMs
        const job = await api.waitForEnd(id, timeoutMs).catch(() => api.job(id))
        log(`${name}: ${job.status} after ${done} kills and ${job.attempt} attempts`)
        if (job.status !== 'succeeded') {
          add('lost', `${name} is ${job.status}: ${job.failure?.message ?? 'it did not end'}`)
          continue
        }
        const reference = references.get(configuration.key)!
        const ofKind = instances[configuration.dataset]
        await compare(job, { api, store, reference, instances: ofKind, add })
      }
      await checkNothingRuns(deployment, add)
      await deployment.stop()
      await sleep(1000)
      for (const { pid, command } of await deployment.processes())
        add('left', `process ${pid}: ${command}`)
    },
    {
      // a gang uses the cores of its slot; two slots would make ranks of two jobs wait for each other's cores
      settings: { TRAINYARD_SLOTS: '1', TRAINYARD_SPARE_TRAINERS: 'off' },
      keep: () => keep || Object.values(counts).some(count => count > 0),
    },
  )
  return { seed, jobs, ...counts, ...figures, seconds: Number(seconds()) }
}

interface Run {
  deployment: ChaosDeployment
  api: RetryingClient
  id: string
  name: string
  /** The number of ranks. */
  workers: number
  random: Random
  add(violation: keyof Violations, text: string): void
  figures: { longestEndMs: number }
}

/** Kills or stops a random rank of each attempt; returns how often it did before the job ended. */
async function killRanks(run: Run, count: number): Promise<number> {
  const { random } = run
  let [done, attempt] = [0, 0]
  while (done < count) {
    const rounds = random.integerBelow(maxRoundsBetween)
    const rank = random.next()
    const isStop = random.next() < stopShare
    const ranks = await nextAttempt(run, attempt)
    if (ranks === 'ended') return done
    attempt = ranks[0]!.attempt
    const victim = ranks[Math.floor(rank * ranks.length)]!
    if (!(await hasTrained(run, attempt, rounds))) continue
    if (!signal(victim.pid, isStop ? 'SIGSTOP' : 'SIGKILL')) continue
    done++
    await checkEnds(run, ranks, victim)
  }
  return done
}

/** Waits until all ranks of an attempt after `before` train. Their ports are looked at then. */
async function nextAttempt(run: Run, before: number): Promise<Rank[] | 'ended'> {
  const { deployment, api, id, workers } = run
  const look = async () => {
    const found = (await findRanks(deployment.folder)).filter(({ attempt }) => attempt > before)
    if (found.length < workers) return (await api.job(id)).finishedAt !== null && 'ended'
    return (await roundsOf(run, found[0]!.attempt)) > 0 && found
  }
  const what = `the ranks of an attempt after ${before}`
  const found = await eventually(what, look, { timeoutMs: jobTimeoutMs })
  if (found !== 'ended') await checkPorts(run, found)
  return found
}

/** Waits until an attempt has trained so many rounds; false if it has ended before. */
async function hasTrained(run: Run, attempt: number, rounds: number): Promise<boolean> {
  const { deployment } = run
  const look = async () => {
    if ((await roundsOf(run, attempt)) > rounds) return 'trained'
    return (await findRanks(deployment.folder)).every(one => one.attempt !== attempt) && 'ended'
  }
  const what = `round ${rounds} of attempt ${attempt}`
  return (await eventually(what, look, { timeoutMs: jobTimeoutMs, intervalMs: 2 })) === 'trained'
}

/** How many rounds an attempt has trained, from the file of its metrics: the API is too slow to hit a round. */
async function roundsOf({ deployment, id }: Run, attempt: number): Promise<number> {
  const file = join(deployment.folder, `jobs/${id}/attempts/${attempt}/metrics.ndjson`)
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').length - 1
}

/** No rank has a port open in the network of the host. */
async function checkPorts({ add, name }: Run, ranks: readonly Rank[]): Promise<void> {
  const ports = await listeningPorts()
  for (const { pid, rank } of ranks) {
    const open = await portsOf(pid, ports)
    if (open.length > 0) add('left', `rank ${rank} of ${name} listens on the host's ports ${open}`)
  }
}

async function checkEnds(
  { deployment, add, name, figures }: Run,
  ranks: readonly Rank[],
  victim: Rank,
): Promise<void> {
  const since = Date.now()
  const pids = new Set(ranks.map(({ pid }) => pid))
  const haveEnded = async () =>
    (await findRanks(deployment.folder)).every(({ pid }) => !pids.has(pid))
  try {
    await eventually('all ranks of the attempt to end', haveEnded, { timeoutMs: endDeadlineMs })
    figures.longestEndMs = Math.max(figures.longestEndMs, Date.now() - since)
  } catch (error) {
    add('hung', `${name}, after rank ${victim.rank} was ended: ${error}`)
  }
}

interface Comparison {
  api: RetryingClient
  store: Store
  reference: Reference
  instances: Samples[keyof Samples]
  add: Run['add']
}

async function compare(
  job: Job,
  { api, store, reference, instances, add }: Comparison,
): Promise<void> {
  const found: Reference = {
    series: seriesOf(await pointsOf(api, job.id)),
    model: await modelFiles(store, job),
    checkpoint: await lastCheckpointFiles(api, store, job.id),
    predictions: await api.predict(job.name, instances),
  }
  for (const part of ['series', 'model', 'checkpoint', 'predictions'] as const) {
    const [got, expected] = [found[part], reference[part]].map(value => JSON.stringify(value))
    if (got !== expected) add('different', `${job.name}: ${part} is ${got}, expected ${expected}`)
  }
}

async function checkNothingRuns(deployment: ChaosDeployment, add: Run['add']): Promise<void> {
  for (const { pid, rank } of await findRanks(deployment.folder)) {
    add('left', `rank ${rank} runs as process ${pid} although no job does`)
  }
}
