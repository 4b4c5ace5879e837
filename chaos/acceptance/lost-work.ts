// P4 and P5. The server has one slot, so the active trainer is the oldest one.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { eventually } from '../../testing/eventually.js'
import { percentiles, roundToHundredths } from '../../testing/percentile.js'
import { RetryingClient } from '../api.js'
import { type RecordedAttempt, readAttempts } from '../attempts.js'
import { ChaosDeployment, signal } from '../deployment.js'
import { Random } from '../random.js'
import { uploadDatasets } from '../samples.js'
import { type AcceptanceTest, testDeadline } from './acceptance-test.js'
import { type Algorithm, endlessJob } from './endless-jobs.js'
import { oldestTrainer } from './trainers.js'

interface Scenario {
  algorithm: Algorithm
  /** Steps between two checkpoints; null for the server's default. */
  interval: number | null
  /** Seconds between two checkpoints by default. */
  defaultSeconds: number
  /** The latest kill, measured from an attempt's first step. */
  maxKillDelayMs: number
}

const scenarios: readonly Scenario[] = [
  { algorithm: 'network', interval: 200, defaultSeconds: 60, maxKillDelayMs: 6000 },
  { algorithm: 'boosting', interval: 200, defaultSeconds: 10, maxKillDelayMs: 6000 },
  { algorithm: 'network', interval: null, defaultSeconds: 60, maxKillDelayMs: 15_000 },
  { algorithm: 'boosting', interval: null, defaultSeconds: 10, maxKillDelayMs: 15_000 },
]

/** By default, training between two checkpoints lasts at least this many times as long as writing one. */
const minIntervalPerCost = 50
/** P5's goal. Reported only: how fast an engine loads depends on the machine and its load. */
const maxRecoverySeconds = 5
const giveUpMs = 120_000

interface KillMeasurement {
  steps: number
  seconds: number
  recoverySeconds: number
}

export const lostWork: AcceptanceTest = {
  guarantee: 'P4',
  description:
    'kills trainers; measures the work that is repeated, and how soon training resumes (P5)',
  rounds: 20,
  run: (rounds, log) =>
    ChaosDeployment.with(deployment => killTrainers(deployment, rounds, log), {
      settings: { TRAINYARD_SLOTS: '1' },
    }),
}

async function killTrainers(
  deployment: ChaosDeployment,
  rounds: number,
  log: (line: string) => void,
) {
  const api = new RetryingClient(deployment.url, deployment.key, testDeadline('P4'))
  await uploadDatasets(api.client)
  const random = new Random(4)
  const violations: string[] = []
  const done: KillMeasurement[] = []
  for (const [i, scenario] of scenarios.entries()) {
    const kills = Math.floor((rounds + scenarios.length - 1 - i) / scenarios.length)
    if (kills === 0) continue
    const { algorithm, interval, maxKillDelayMs } = scenario
    const name = `${algorithm}-${interval ?? 'default'}`
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
        `${name}: repeated ${steps} steps (${seconds.toFixed(2)} s), next step after ${recoverySeconds.toFixed(2)} s`,
      )
      const violation = checkLostWork(scenario, before, after, one)
      if (violation)
        violations.push(`${name} (${id}), attempt ${before.at(-1)!.attempt}: ${violation}`)
    }
    await api.act(id, 'cancel')
    const { status } = await api.waitForEnd(id, giveUpMs)
    if (status !== 'cancelled') violations.push(`${name} (${id}) is ${status}`)
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
async function killOne(deployment: ChaosDeployment, id: string, afterMs: number) {
  const store = await openFolderStore(deployment.folder)
  const currentAttempts = () => readAttempts(store, id)
  const waitForTraining = (attempts: number) =>
    eventually(
      `attempt ${attempts} of ${id} to train`,
      async () => {
        const found = await currentAttempts()
        return found.length >= attempts && found.at(-1)!.rows.length > 0 && found
      },
      { timeoutMs: giveUpMs },
    )
  await waitForTraining(1)
  await sleep(afterMs)
  const trainer = await oldestTrainer(deployment)
  const attemptCount = (await currentAttempts()).length
  const at = Date.now()
  if (trainer === null || !signal(trainer, 'SIGKILL')) throw new Error(`${id}: no trainer to kill`)
  const found = await waitForTraining(attemptCount + 1)
  const end = found[attemptCount - 1]!.end
  if (found.length !== attemptCount + 1 || end !== 'killed') {
    throw new Error(
      `${id}: attempt ${attemptCount} ended as ${end}, and ${found.length} attempts exist`,
    )
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

/** The rows of the killed attempt from the step of the checkpoint that the next attempt resumed from. */
function retrainedRows(before: readonly RecordedAttempt[], { resumedFrom }: RecordedAttempt) {
  return before.at(-1)!.rows.filter(({ step }) => step >= resumedFrom)
}

type Rows = RecordedAttempt['rows']

const secondsOf = (rows: Rows) =>
  rows.length === 0 ? 0 : (Date.parse(rows.at(-1)!.time) - Date.parse(rows[0]!.time)) / 1000

/** Returns a violation if more was repeated than fits between two checkpoints. */
function checkLostWork(
  { interval, defaultSeconds }: Scenario,
  before: readonly RecordedAttempt[],
  after: RecordedAttempt,
  { steps, seconds }: KillMeasurement,
): string | null {
  if (interval !== null) {
    return steps > interval
      ? `repeated ${steps} steps, expected at most the checkpoint interval of ${interval} steps`
      : null
  }
  const rows = retrainedRows(before, after)
  const gaps = rows.slice(1).map((row, i) => secondsOf([rows[i]!, row]))
  // the checkpoint is written after its own step
  const cost = gaps[0] ?? 0
  const maxSeconds =
    Math.max(defaultSeconds, minIntervalPerCost * cost) + cost + Math.max(0, ...gaps)
  return seconds > maxSeconds
    ? `repeated ${seconds.toFixed(1)} s, expected at most the checkpoint interval of ${maxSeconds.toFixed(1)} s`
    : null
}
