// P7: a worker, or its trainer, that was away for longer than its lock wakes up when another has its job.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { until } from '../../testing/test-deployment.js'
import { Api } from '../api.js'
import { attemptsOf, type RecordedAttempt } from '../attempts.js'
import { check, type Evidence, staleAmong, Verdict } from '../checker.js'
import { accompany } from '../clients.js'
import { Fleet, type FleetWorker } from '../cluster.js'
import { signal } from '../deployment.js'
import type { JobHistory } from '../history.js'
import { type Configuration, jobKinds } from '../job-kinds.js'
import { pointsOf } from '../outcome.js'
import { Random } from '../random.js'
import { makeReferences } from '../run.js'
import { type Samples, samples, uploadAll } from '../samples.js'
import type { Gate, GateResult } from './acceptance-test.js'

const seed = 7
const names = ['worker-a', 'worker-b']
/** As short as a busy machine allows: a round lasts a multiple of it. */
const lockMs = 2000
/** From the moment when all can speak again: what has lost its job has ended by then. */
const aloneWithinMs = lockMs + 5000
const takeOverWithinMs = 60_000
const endWithinMs = 180_000

export const zombies: Gate = {
  promise: 'P7',
  what: 'a worker that comes back to a job that another has taken over changes nothing of it',
  rounds: 50,
  run,
}

interface Holder {
  worker: FleetWorker
  trainer: number
}

interface Fault {
  name: string
  /** Whether the job goes to the other worker; else it stays, and the worker sees what happens. */
  moves: boolean
  /** How long it lasts, from the moment when the other worker has the job. */
  awayMs: readonly [number, number]
  /** Returns what ends it. */
  strike(holder: Holder, random: Random): () => Promise<void> | void
}

const stop = (pid: number) => {
  signal(pid, 'SIGSTOP')
  return () => void signal(pid, 'SIGCONT')
}

const faults: readonly Fault[] = [
  {
    name: 'stop worker',
    moves: true,
    awayMs: [0, 8000],
    strike: ({ worker }) => stop(worker.service.pid!),
  },
  {
    name: 'stop trainer',
    moves: false,
    // its worker ends it after 10 s
    awayMs: [2000, 14_000],
    strike: ({ trainer }) => stop(trainer),
  },
  {
    name: 'stop both',
    moves: true,
    awayMs: [0, 8000],
    strike({ worker, trainer }, random) {
      const [wakeTrainer, wakeWorker] = [stop(trainer), stop(worker.service.pid!)]
      // the trainer wakes first, and nobody tells it that it is late
      const aloneMs = random.between(0, 3000)
      return async () => {
        wakeTrainer()
        await sleep(aloneMs)
        wakeWorker()
      }
    },
  },
  {
    name: 'partition worker',
    moves: true,
    awayMs: [0, 12_000],
    strike({ worker }) {
      worker.way.partition()
      return () => worker.way.heal()
    },
  },
  {
    name: 'silence lock',
    moves: true,
    awayMs: [0, 12_000],
    strike({ worker }) {
      // what BullMQ asks on the connection alone by which it renews locks; all others work
      worker.way.silence('stalled-check')
      return () => worker.way.heal()
    },
  },
]

/** Kinds of the chaos run, trained for so long that an old attempt meets the new one. */
const longer: Readonly<Record<string, number>> = { adam: 900, augmented: 450, boosting: 500 }
const configurations = Object.entries(longer).map(([name, steps]) => lengthened(name, steps))

function lengthened(name: string, steps: number): Configuration {
  const { dataset, request } = jobKinds.find(kind => kind.name === name)!
  const { model, training } = request(1)
  const wish =
    model.kind === 'boosting'
      ? { model: { ...model, rounds: steps }, training }
      : { model, training: { ...training, steps } }
  return { key: name, steps, dataset, wish: wish as Configuration['wish'] }
}

interface Seen {
  kind: string
  attempts: number
  /** For how long after all could speak again two trainers ran. */
  twoMs: number
  /** Rows that an older attempt wrote after a newer one had begun. */
  lateRows: number
}

async function run(rounds: number, say: (line: string) => void): Promise<GateResult> {
  const violations: string[] = []
  const work = (fleet: Fleet) => disturb(fleet, rounds, say, violations)
  const seen = await Fleet.with(names, lockMs, work, () => violations.length > 0)
  const most = (of: (one: Seen) => number) => Math.max(0, ...seen.map(of))
  return {
    rounds: seen.length,
    violations,
    figures: {
      takeovers: seen.filter(({ attempts }) => attempts > 1).length,
      mostAttempts: most(({ attempts }) => attempts),
      roundsWithLateRows: seen.filter(({ lateRows }) => lateRows > 0).length,
      lateRows: seen.reduce((sum, { lateRows }) => sum + lateRows, 0),
      longestTwoTrainersMs: most(({ twoMs }) => twoMs),
    },
  }
}

async function disturb(
  fleet: Fleet,
  rounds: number,
  say: (line: string) => void,
  violations: string[],
): Promise<Seen[]> {
  const random = new Random(seed)
  const asked = await samples()
  const calm = new Api(fleet.url, fleet.key, new AbortController().signal)
  await uploadAll(calm.client)
  const references = await makeReferences(calm, fleet, configurations, asked)
  say(`${references.size} references`)
  const { folder } = fleet
  const store = await openFolderStore(folder)
  const seen: Seen[] = []
  for (let i = 0; i < rounds; i++) {
    // by turns, so that a short run has each
    const fault = faults[i % faults.length]!
    const round = new Round(fleet, { store, folder, references }, what => {
      violations.push(`round ${i}, ${fault.name}: ${what}`)
    })
    const one = await round.run(`zombie-${i}`, fault, random.fork(), asked)
    seen.push(one)
    const { kind, attempts, lateRows, twoMs } = one
    say(
      `${i} ${fault.name}, ${kind}: ${attempts} attempts, ${lateRows} late rows, two trainers for ${twoMs} ms, ${violations.length} violations`,
    )
  }
  return seen
}

class Round {
  constructor(
    private readonly fleet: Fleet,
    private readonly stored: Omit<Evidence, 'api'>,
    private readonly report: (what: string) => void,
  ) {}

  async run(name: string, fault: Fault, random: Random, asked: Samples): Promise<Seen> {
    const configuration = random.pick(configurations)
    const at = random.between(0.05, 0.4) * configuration.steps
    const awayMs = random.between(...fault.awayMs)
    const api = new Api(this.fleet.url, this.fleet.key, AbortSignal.timeout(endWithinMs))
    const evidence = { ...this.stored, api }
    const history = newHistory(name, configuration)
    let ended = false
    const life = accompany(api, history, asked)
      .catch(error => this.report(`its clients gave up: ${error}`))
      .finally(() => {
        ended = true
      })

    await until(() => ended || (history.rows.at(-1)?.row.step ?? 0) >= at)
    const holder = await this.holder(() => ended)
    if (!holder) throw new Error(`${name} ended before it could be disturbed`)
    const heal = fault.strike(holder, random)
    if (fault.moves) await this.takenOver(history.id!, () => ended)
    await this.watch(evidence, history.id!, since => since > awayMs)
    await heal()
    const twoMs = await this.watch(
      evidence,
      history.id!,
      (since, trainers) => ended && (trainers === 0 || since > aloneWithinMs),
    )
    if (twoMs > aloneWithinMs) this.report(`two trainers ${twoMs} ms after the end of the fault`)
    await life
    if ((await this.fleet.trainers()).length > 0) this.report('a trainer outlives the job')
    await check([history], evidence, new Verdict(this.report))
    const attempts = await this.attempts(history.id!)
    return {
      kind: configuration.key,
      attempts: attempts.length,
      twoMs,
      lateRows: lateRows(attempts),
    }
  }

  /** Who trains the only job that there is. */
  private async holder(over: () => boolean): Promise<Holder | null> {
    for (; ; await sleep(20)) {
      for (const worker of this.fleet.workers) {
        const trainer = await worker.trainer()
        if (trainer !== undefined) return { worker, trainer }
      }
      if (over()) return null
    }
  }

  /** Or ended by the one that had it: from the store alone a worker can. */
  private async takenOver(id: string, ended: () => boolean): Promise<void> {
    const since = Date.now()
    const taken = async () => (await this.attempts(id)).length > 1
    const late = () => Date.now() - since > takeOverWithinMs
    await until(async () => (await taken()) || ended() || late())
    if (late()) this.report('nobody has taken the job over')
  }

  /** Looks on until it is over; for how long there were two trainers. */
  private async watch(
    evidence: Evidence,
    id: string,
    over: (sinceMs: number, trainers: number) => boolean,
  ): Promise<number> {
    const started = Date.now()
    for (let twoMs = 0; ; await sleep(200)) {
      const trainers = (await this.fleet.trainers()).length
      const sinceMs = Date.now() - started
      if (trainers > 1) twoMs = sinceMs
      for (const what of await this.staleNow(evidence.api, id)) this.report(what)
      if (over(sinceMs, trainers)) return twoMs
    }
  }

  /** What clients are shown at this moment; nothing is said while another attempt begins. */
  private async staleNow(api: Api, id: string): Promise<string[]> {
    const before = (await this.attempts(id)).length
    const points = await pointsOf(api, id)
    const checkpoints = await api.checkpoints(id)
    // the logs only grow, so these hold what was shown
    const attempts = await this.attempts(id)
    return attempts.length === before ? staleAmong(points, checkpoints, attempts) : []
  }

  private attempts(id: string): Promise<RecordedAttempt[]> {
    return attemptsOf(this.stored.store, this.stored.folder, id)
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
  ...{ name, configuration, id: null, rows: [], predictions: [] },
  states: { followed: [], polled: [] },
  ...{ cancelAt: null, cancelAsked: false, pauseAt: null },
})
