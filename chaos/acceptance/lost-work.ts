// P4 and P5. One slot, so that the trainer at work is known: it is the oldest one.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { Api } from '../api.js'
import { attemptsOf, type RecordedAttempt } from '../attempts.js'
import { Site, signal } from '../deployment.js'
import { Random } from '../random.js'
import { uploadAll } from '../samples.js'
import type { Gate } from './acceptance-test.js'
import { type Algorithm, endless } from './endless-jobs.js'
import { hundredths, spread } from './percentile.js'
import { oldestTrainer } from './trainers.js'

interface Setting {
  algorithm: Algorithm
  /** Steps between two checkpoints; null: as the server does where nobody asks. */
  every: number | null
  /** In seconds, where nobody asks for a number of steps. */
  usual: number
  /** A kill comes at most so long after a first step. */
  withinMs: number
}

const settings: readonly Setting[] = [
  { algorithm: 'network', every: 200, usual: 60, withinMs: 6000 },
  { algorithm: 'boosting', every: 200, usual: 10, withinMs: 6000 },
  { algorithm: 'network', every: null, usual: 60, withinMs: 15_000 },
  { algorithm: 'boosting', every: null, usual: 10, withinMs: 15_000 },
]

/** A cadence lets training take so many times as long as the checkpoint before it (src/cadence.ts). */
const restPerCost = 50
/** P5's goal. How fast an engine loads is up to the machine and its load: a figure, no violation. */
const recoverWithinSeconds = 5
const hopelessMs = 120_000

interface Killed {
  steps: number
  seconds: number
  recoverySeconds: number
}

export const lostWork: Gate = {
  promise: 'P4',
  what: 'trainers are killed: what is trained anew, and how soon it goes on (P5)',
  rounds: 20,
  run: (rounds, say) =>
    Site.with(site => killTrainers(site, rounds, say), { settings: { TRAINYARD_SLOTS: '1' } }),
}

async function killTrainers(site: Site, rounds: number, say: (line: string) => void) {
  const api = new Api(site.url, site.key, new AbortController().signal)
  await uploadAll(api.client)
  const random = new Random(4)
  const violations: string[] = []
  const done: Killed[] = []
  for (const [i, setting] of settings.entries()) {
    const kills = Math.floor((rounds + settings.length - 1 - i) / settings.length)
    if (kills === 0) continue
    const { algorithm, every, withinMs } = setting
    const name = `${algorithm}-${every ?? 'usual'}`
    const { id } = await api.submit(
      endless(algorithm, name, every === null ? {} : { snapshotEvery: every }),
    )
    for (let n = 1; n <= kills; n++) {
      const killed = await killOne(site, id, random.below(withinMs))
      const { before, after, at } = killed
      const one = measure(before, after, at)
      done.push(one)
      const { steps, seconds, recoverySeconds } = one
      say(
        `${name}: ${steps} steps (${seconds.toFixed(2)} s) anew, next step after ${recoverySeconds.toFixed(2)} s`,
      )
      const excess = beyond(setting, before, after, one)
      if (excess) violations.push(`${name} (${id}), attempt ${before.at(-1)!.epoch}: ${excess}`)
    }
    await api.act(id, 'cancel')
    while ((await api.job(id)).finishedAt === null) await sleep(50)
    const { status } = await api.job(id)
    if (status !== 'cancelled') violations.push(`${name} (${id}) has ${status}`)
  }
  const recoveries = done.map(one => one.recoverySeconds)
  const steps = done.map(one => one.steps)
  return {
    rounds: done.length,
    violations,
    figures: {
      stepsAnewMax: Math.max(...steps),
      stepsAnewMean: hundredths(steps.reduce((sum, each) => sum + each, 0) / steps.length),
      ...spread(
        'secondsAnew',
        done.map(one => one.seconds),
      ),
      ...spread('recoverySeconds', recoveries),
      recoveredInTime: recoveries.filter(each => each <= recoverWithinSeconds).length,
    },
  }
}

/** Kills the trainer some time after its first step, and waits for a step of the next attempt. */
async function killOne(site: Site, id: string, afterMs: number) {
  const store = await openFolderStore(site.folder)
  const look = () => attemptsOf(store, site.folder, id)
  const trains = async (attempts: number) => {
    for (const since = Date.now(); ; await sleep(20)) {
      const found = await look()
      if (found.length >= attempts && found.at(-1)!.rows.length > 0) return found
      if (Date.now() - since > hopelessMs) throw new Error(`${id} does not train`)
    }
  }
  await trains(1)
  await sleep(afterMs)
  const trainer = await oldestTrainer(site)
  const begun = (await look()).length
  const at = Date.now()
  if (trainer === null || !signal(trainer, 'SIGKILL')) throw new Error(`${id}: no trainer to kill`)
  const found = await trains(begun + 1)
  const end = found[begun - 1]!.end
  if (found.length !== begun + 1 || end !== 'killed') {
    throw new Error(`${id}: attempt ${begun} ended as ${end}, and there are ${found.length}`)
  }
  return { before: found.slice(0, begun), after: found[begun]!, at }
}

function measure(
  before: readonly RecordedAttempt[],
  after: RecordedAttempt,
  killedAt: number,
): Killed {
  const rows = anew(before, after)
  return {
    steps: (rows.at(-1)?.step ?? after.resumedFrom) - after.resumedFrom,
    seconds: secondsOf(rows),
    recoverySeconds: (Date.parse(after.rows[0]!.time) - killedAt) / 1000,
  }
}

/** What the killed attempt had trained behind the checkpoint that counts, from that one's own row on. */
function anew(before: readonly RecordedAttempt[], { resumedFrom }: RecordedAttempt) {
  return before.at(-1)!.rows.filter(({ step }) => step >= resumedFrom)
}

type Rows = RecordedAttempt['rows']

const secondsOf = (rows: Rows) =>
  rows.length === 0 ? 0 : (Date.parse(rows.at(-1)!.time) - Date.parse(rows[0]!.time)) / 1000

/** Whether more was lost than lies between two checkpoints; in words. */
function beyond(
  { every, usual }: Setting,
  before: readonly RecordedAttempt[],
  after: RecordedAttempt,
  { steps, seconds }: Killed,
): string | null {
  if (every !== null) {
    return steps > every
      ? `${steps} steps trained anew, ${every} lie between two checkpoints`
      : null
  }
  const rows = anew(before, after)
  const gaps = rows.slice(1).map((row, i) => secondsOf([rows[i]!, row]))
  // behind the checkpoint's own step comes its making
  const cost = gaps[0] ?? 0
  const most = Math.max(usual, restPerCost * cost) + cost + Math.max(0, ...gaps)
  return seconds > most
    ? `${seconds.toFixed(1)} s trained anew, ${most.toFixed(1)} s lie between two checkpoints`
    : null
}
