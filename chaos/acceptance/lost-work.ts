// P4 and P5. One slot, so that the trainer at work is known: it is the oldest one.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { RetryingClient } from '../api.js'
import { type RecordedAttempt, readAttempts } from '../attempts.js'
import { signal, TestDeployment } from '../deployment.js'
import { Random } from '../random.js'
import { uploadDatasets } from '../samples.js'
import type { AcceptanceTest } from './acceptance-test.js'
import { type Algorithm, endlessJob } from './endless-jobs.js'
import { percentiles, roundToHundredths } from './percentile.js'
import { oldestTrainer } from './trainers.js'

interface Scenario {
  algorithm: Algorithm
  /** Steps between two checkpoints; null: as the server does where nobody asks. */
  interval: number | null
  /** In seconds, where nobody asks for a number of steps. */
  defaultSeconds: number
  /** A kill comes at most so long after a first step. */
  maxKillDelayMs: number
}

const scenarios: readonly Scenario[] = [
  { algorithm: 'network', interval: 200, defaultSeconds: 60, maxKillDelayMs: 6000 },
  { algorithm: 'boosting', interval: 200, defaultSeconds: 10, maxKillDelayMs: 6000 },
  { algorithm: 'network', interval: null, defaultSeconds: 60, maxKillDelayMs: 15_000 },
  { algorithm: 'boosting', interval: null, defaultSeconds: 10, maxKillDelayMs: 15_000 },
]

/** A cadence lets training take so many times as long as the checkpoint before it (src/cadence.ts). */
const minIntervalPerCost = 50
/** P5's goal. How fast an engine loads is up to the machine and its load: a figure, no violation. */
const maxRecoverySeconds = 5
const giveUpMs = 120_000

interface KillMeasurement {
  steps: number
  seconds: number
  recoverySeconds: number
}

export const lostWork: AcceptanceTest = {
  guarantee: 'P4',
  description: 'trainers are killed: what is trained anew, and how soon it goes on (P5)',
  rounds: 20,
  run: (rounds, log) =>
    TestDeployment.with(deployment => killTrainers(deployment, rounds, log), {
      settings: { TRAINYARD_SLOTS: '1' },
    }),
}

async function killTrainers(
  deployment: TestDeployment,
  rounds: number,
  log: (line: string) => void,
) {
  const api = new RetryingClient(deployment.url, deployment.key, new AbortController().signal)
  await uploadDatasets(api.client)
  const random = new Random(4)
  const violations: string[] = []
  const done: KillMeasurement[] = []
  for (const [i, scenario] of scenarios.entries()) {
    const kills = Math.floor((rounds + scenarios.length - 1 - i) / scenarios.length)
    if (kills === 0) continue
    const { algorithm, interval, maxKillDelayMs } = scenario
    const name = `${algorithm}-${interval ?? 'usual'}`
    const { id } = await api.submit(
      endlessJob(algorithm, name, interval === null ? {} : { checkpointEvery: interval }),
    )
    for (let n = 1; n <= kills; n++) {
      const killed = await killOne(deployment, id, random.integerBelow(maxKillDelayMs))
      const { before, after, at } = killed
      const one = measure(before, after, at)
      done.push(one)
      const { steps, seconds, recoverySeconds } = one
      log(
        `${name}: ${steps} steps (${seconds.toFixed(2)} s) anew, next step after ${recoverySeconds.toFixed(2)} s`,
      )
      const violation = checkLostWork(scenario, before, after, one)
      if (violation)
        violations.push(`${name} (${id}), attempt ${before.at(-1)!.attempt}: ${violation}`)
    }
    await api.act(id, 'cancel')
    while ((await api.job(id)).finishedAt === null) await sleep(50)
    const { status } = await api.job(id)
    if (status !== 'cancelled') violations.push(`${name} (${id}) has ${status}`)
  }
  const recoveries = done.map(measurement => measurement.recoverySeconds)
  const steps = done.map(one => one.steps)
  return {
    rounds: done.length,
    violations,
    measurements: {
      stepsRetrainedMax: Math.max(...steps),
      stepsRetrainedMean: roundToHundredths(
        steps.reduce((sum, each) => sum + each, 0) / steps.length,
      ),
      ...percentiles(
        'secondsRetrained',
        done.map(one => one.seconds),
      ),
      ...percentiles('recoverySeconds', recoveries),
      recoveredInTime: recoveries.filter(each => each <= maxRecoverySeconds).length,
    },
  }
}

/** Kills the trainer some time after its first step, and waits for a step of the next attempt. */
async function killOne(deployment: TestDeployment, id: string, afterMs: number) {
  const store = await openFolderStore(deployment.folder)
  const currentAttempts = () => readAttempts(store, deployment.folder, id)
  const waitForTraining = async (attempts: number) => {
    for (const since = Date.now(); ; await sleep(20)) {
      const found = await currentAttempts()
      if (found.length >= attempts && found.at(-1)!.rows.length > 0) return found
      if (Date.now() - since > giveUpMs) throw new Error(`${id} does not train`)
    }
  }
  await waitForTraining(1)
  await sleep(afterMs)
  const trainer = await oldestTrainer(deployment)
  const attemptCount = (await currentAttempts()).length
  const at = Date.now()
  if (trainer === null || !signal(trainer, 'SIGKILL')) throw new Error(`${id}: no trainer to kill`)
  const found = await waitForTraining(attemptCount + 1)
  const end = found[attemptCount - 1]!.end
  if (found.length !== attemptCount + 1 || end !== 'killed') {
    throw new Error(`${id}: attempt ${attemptCount} ended as ${end}, and there are ${found.length}`)
  }
  return { before: found.slice(0, attemptCount), after: found[attemptCount]!, at }
}

function measure(
  before: readonly RecordedAttempt[],
  after: RecordedAttempt,
  killedAt: number,
): KillMeasurement {
  const rows = retrainedRows(before, after)
  return {
    steps: (rows.at(-1)?.step ?? after.resumedFrom) - after.resumedFrom,
    seconds: secondsOf(rows),
    recoverySeconds: (Date.parse(after.rows[0]!.time) - killedAt) / 1000,
  }
}

/** What the killed attempt had trained behind the checkpoint that counts, from that one's own row on. */
function retrainedRows(before: readonly RecordedAttempt[], { resumedFrom }: RecordedAttempt) {
  return before.at(-1)!.rows.filter(({ step }) => step >= resumedFrom)
}

type Rows = RecordedAttempt['rows']

const secondsOf = (rows: Rows) =>
  rows.length === 0 ? 0 : (Date.parse(rows.at(-1)!.time) - Date.parse(rows[0]!.time)) / 1000

/** Whether more was lost than lies between two checkpoints; in words. */
function checkLostWork(
  { interval, defaultSeconds }: Scenario,
  before: readonly RecordedAttempt[],
  after: RecordedAttempt,
  { steps, seconds }: KillMeasurement,
): string | null {
  if (interval !== null) {
    return steps > interval
      ? `${steps} steps trained anew, ${interval} lie between two checkpoints`
      : null
  }
  const rows = retrainedRows(before, after)
  const gaps = rows.slice(1).map((row, i) => secondsOf([rows[i]!, row]))
  // behind the checkpoint's own step comes its making
  const cost = gaps[0] ?? 0
  const maxSeconds =
    Math.max(defaultSeconds, minIntervalPerCost * cost) + cost + Math.max(0, ...gaps)
  return seconds > maxSeconds
    ? `${seconds.toFixed(1)} s trained anew, ${maxSeconds.toFixed(1)} s lie between two checkpoints`
    : null
}
