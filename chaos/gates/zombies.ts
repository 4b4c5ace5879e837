// P7: a worker, or its trainer, that was away for longer than its lock wakes up when another has its job.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { Api } from '../api.js'
import {
  attemptsOf,
  check,
  type Evidence,
  type StoredAttempt,
  staleAmong,
  Verdict,
} from '../checker.js'
import { accompany } from '../clients.js'
import { Fleet, type FleetWorker } from '../fleet.js'
import type { JobHistory } from '../history.js'
import { type Configuration, jobKinds } from '../job-kinds.js'
import { pointsOf } from '../outcome.js'
import { Random } from '../random.js'
import { makeReferences } from '../run.js'
import { type Samples, samples, uploadAll } from '../samples.js'
import { signal } from '../site.js'
import type { Gate, GateResult } from './gate.js'

const seed = 7
const lockMs = 3000
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
const longer: Readonly<Record<string, number>> = { adam: 600, augmented: 350, boosting: 500 }
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
  const seen: Seen[] = []
  const started = Date.now()
  const fleet = await Fleet.open(['worker-a', 'worker-b'], lockMs)
  try {
    const random = new Random(seed)
    const asked = await samples()
    const api = new Api(fleet.url, fleet.key, new AbortController().signal)
    await uploadAll(api.client)
    const references = await makeReferences(api, fleet, configurations, asked)
    say(`${references.size} references after ${Math.round((Date.now() - started) / 1000)} s`)
    const store = await openFolderStore(fleet.folder)
    for (let i = 0; i < rounds; i++) {
      const fault = faults[i % faults.length]!
      const report = (what: string) => {
        violations.push(`round ${i}, ${fault.name}: ${what}`)
        say(violations.at(-1)!)
      }
      const round = new Round(fleet, { store, folder: fleet.folder, references }, report)
      const one = await round.run(`zombie-${i}`, fault, random.fork(), asked)
      seen.push(one)
      const { kind, attempts, lateRows, twoMs } = one
      say(
        `${i} ${fault.name}, ${kind}: ${attempts} attempts, ${lateRows} late rows, two trainers for ${twoMs} ms`,
      )
    }
  } finally {
    await fleet.close(violations.length > 0)
  }
  const most = (of: (one: Seen) => number) => Math.max(0, ...seen.map(of))
  return {
    rounds: seen.length,
    violations,
    figures: {
      takeovers: seen.filter(({ attempts }) => attempts > 1).length,
      roundsWithLateRows: seen.filter(({ lateRows }) => lateRows > 0).length,
      lateRows: seen.reduce((sum, { lateRows }) => sum + lateRows, 0),
      mostAttempts: most(({ attempts }) => attempts),
      longestTwoTrainersMs: most(({ twoMs }) => twoMs),
      seconds: Math.round((Date.now() - started) / 1000),
    },
  }
}

class Round {
  constructor(
    private readonly fleet: Fleet,
    private readonly stored: Omit<Evidence, 'api'>,
    private readonly report: (what: string) => void,
  ) {}

  async run(name: string, fault: Fault, random: Random, asked: Samples): Promise<Seen> {
    const configuration = random.pick(configurations)
    const at = random.between(0.05, 0.6) * configuration.steps
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
    const heal = fault.strike(await this.holder(), random)
    if (fault.moves) await this.takenOver(history.id!)
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
    const attempts = await attemptsOf(history.id!, evidence)
    return {
      kind: configuration.key,
      attempts: attempts.length,
      twoMs,
      lateRows: lateRows(attempts),
    }
  }

  /** Who trains the only job that there is. */
  private async holder(): Promise<Holder> {
    for (;;) {
      for (const worker of this.fleet.workers) {
        const trainer = await worker.trainer()
        if (trainer !== undefined) return { worker, trainer }
      }
      await sleep(20)
    }
  }

  private async takenOver(id: string): Promise<void> {
    const since = Date.now()
    const attempts = async () => (await this.stored.store.list(`jobs/${id}/attempts`)).length
    await until(async () => (await attempts()) > 1 || Date.now() - since > takeOverWithinMs)
    if ((await attempts()) < 2) this.report('nobody has taken the job over')
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
      for (const what of await staleNow(evidence, id)) this.report(what)
      if (over(sinceMs, trainers)) return twoMs
    }
  }
}

/** What clients are shown at this moment; nothing is said while another attempt begins. */
async function staleNow(evidence: Evidence, id: string): Promise<string[]> {
  const before = (await attemptsOf(id, evidence)).length
  const points = await pointsOf(evidence.api, id)
  const checkpoints = await evidence.api.checkpoints(id)
  // the logs only grow, so these hold what was shown
  const attempts = await attemptsOf(id, evidence)
  return attempts.length === before ? staleAmong(points, checkpoints, attempts) : []
}

function lateRows(attempts: readonly StoredAttempt[]): number {
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

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(20)
}
