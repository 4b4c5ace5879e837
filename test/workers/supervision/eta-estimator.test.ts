import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { mulberry32 } from '../../../testing/random.js'
import { EtaEstimator, type EtaPlan } from '../../../workers/supervision/eta-estimator.js'

/** What an attempt reports: the last step that was done, at a time in seconds. */
type Report = [step: number, at: number, what?: 'checkpoint']

interface Trace {
  plan: EtaPlan
  reports: Report[]
  end: number
}

/** How long the parts of a job take, in seconds. */
interface Pace {
  steps: number
  step(step: number): number
  /** An evaluation and the checkpoint that follows it. */
  validateEvery?: number
  evaluation?(step: number): number
  /** Time of a checkpoint after this step; 0 without one. */
  checkpoint?(step: number): number
  stepsPerEvaluation?: number
  logEvery?: number
  resumedFrom?: number
  saving?: number
  /** The longest part of the job; 1 if absent. */
  unit?: number
}

/** The reports of a job, in the order of the messages of a trainer. */
function traceOf(pace: Pace): Trace {
  const { steps, validateEvery, logEvery = 1, resumedFrom = 0, saving = 1 } = pace
  let at = 100
  const reports: Report[] = [[resumedFrom, at]]
  for (let step = resumedFrom + 1; step <= steps; step++) {
    at += pace.step(step)
    if (step % logEvery === 0 || step === steps) reports.push([step, at])
    if (validateEvery && (step % validateEvery === 0 || step === steps)) {
      reports.push([step, at])
      at += pace.evaluation!(step)
      reports.push([step, at])
    }
    const checkpoint = pace.checkpoint?.(step) ?? 0
    at += checkpoint
    if (checkpoint > 0) reports.push([step, at, 'checkpoint'])
  }
  const { stepsPerEvaluation = 0 } = pace
  return {
    plan: { steps, validateEvery: validateEvery ?? null, stepsPerEvaluation },
    reports,
    end: at + saving,
  }
}

function report(estimator: EtaEstimator, [step, at, what]: Report): void {
  if (what === 'checkpoint') estimator.observeCheckpoint(step, at)
  else estimator.observe(step, at)
}

interface Poll {
  at: number
  /** Null before the first estimate. */
  eta: number | null
  left: number
}

/** Asks for the estimate every half second, as a client does. */
function poll({ plan, reports, end }: Trace): Poll[] {
  const estimator = new EtaEstimator(plan)
  const polls: Poll[] = []
  let next = 0
  for (let at = reports[0]![1]; at < end; at += 0.5) {
    for (; next < reports.length && reports[next]![1] <= at; next++)
      report(estimator, reports[next]!)
    polls.push({ at, eta: estimator.secondsLeft(at), left: end - at })
  }
  return polls
}

/**
 * Figures of the estimates: the largest jump and the errors, relative to the time that is left, or to
 * `floor` seconds near the end: no estimate is finer than the steps and evaluations that it counts.
 */
function judge(polls: Poll[], floor: number) {
  const known = polls.filter((one): one is Poll & { eta: number } => one.eta !== null)
  const jumps = known.slice(1).map((one, i) => {
    const expected = Math.max(0, known[i]!.eta - 0.5)
    return Math.abs(one.eta - expected) / Math.max(expected, floor)
  })
  const errors = known.map(({ eta, left }) => Math.abs(eta - left) / Math.max(left, floor))
  const sorted = errors.toSorted((a, b) => a - b)
  return {
    firstAt: known.length > 0 ? known[0]!.at - polls[0]!.at : Number.POSITIVE_INFINITY,
    jump: Math.max(0, ...jumps),
    worst: sorted.at(-1) ?? Number.NaN,
    median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    last: errors.at(-1)!,
  }
}

const random = mulberry32(7)
/** A number that varies by up to half of itself. */
const about = (seconds: number) => seconds * (0.5 + random())

interface Bounds {
  jump: number
  worst: number
  median: number
}

const cases: [string, Pace, Bounds][] = [
  [
    'even steps',
    { steps: 2000, step: step => (step === 1 ? 3 : about(0.03)) },
    { jump: 0.2, worst: 0.25, median: 0.05 },
  ],
  [
    'evaluations that take as long as the steps between them',
    {
      steps: 1000,
      step: step => (step === 1 ? 2 : about(0.03)),
      validateEvery: 100,
      evaluation: step => (step === 100 ? 4 : about(3)),
      stepsPerEvaluation: 80,
      unit: 3,
    },
    { jump: 0.2, worst: 0.3, median: 0.1 },
  ],
  [
    'evaluations, most with a checkpoint, of a job that logs every 20 steps',
    {
      steps: 4000,
      step: () => about(0.02),
      logEvery: 20,
      validateEvery: 250,
      evaluation: () => about(2),
      checkpoint: step => (step % 250 === 0 && random() < 0.6 ? 0.7 : 0),
      stepsPerEvaluation: 60,
    },
    { jump: 0.2, worst: 0.3, median: 0.15 },
  ],
  [
    'spikes',
    { steps: 3000, step: () => (random() < 0.002 ? 1.5 : about(0.03)) },
    { jump: 0.2, worst: 0.35, median: 0.15 },
  ],
  [
    'a machine that becomes twice as slow',
    { steps: 4000, step: step => about(step < 2000 ? 0.02 : 0.04) },
    // nothing tells at first that it will
    { jump: 0.2, worst: 0.5, median: 0.35 },
  ],
  [
    'slow steps',
    { steps: 60, step: step => (step === 1 ? 30 : about(10)), unit: 10 },
    // the first estimate has seen three steps
    { jump: 0.2, worst: 0.4, median: 0.12 },
  ],
  [
    'boosting with checkpoints every 10 s',
    {
      steps: 1500,
      step: step => (step === 1 ? 1 : about(0.04)),
      checkpoint: step => (step % 250 === 0 ? 0.5 : 0),
    },
    { jump: 0.2, worst: 0.25, median: 0.1 },
  ],
  [
    'a job that resumes near its end',
    {
      steps: 10_000,
      resumedFrom: 9000,
      step: step => (step === 9001 ? 5 : about(0.03)),
      validateEvery: 1000,
      evaluation: () => 2,
      stepsPerEvaluation: 60,
    },
    { jump: 0.2, worst: 0.3, median: 0.1 },
  ],
]

for (const [what, pace, bounds] of cases) {
  test(`the ETA is steady and near the truth with ${what}`, t => {
    const figures = judge(poll(traceOf(pace)), 5 * (pace.unit ?? 1))
    t.diagnostic(JSON.stringify(figures))
    assert.ok(figures.jump < bounds.jump, `jumps by ${figures.jump} of the time left`)
    assert.ok(figures.worst < bounds.worst, `is wrong by up to ${figures.worst}`)
    assert.ok(figures.median < bounds.median, `is typically wrong by ${figures.median}`)
    assert.ok(figures.last < 0.2, `is wrong by ${figures.last} at the end`)
  })
}

test('the ETA of a recorded job is steady, although other processes slow it down now and then', async t => {
  const recorded = JSON.parse(
    await readFile('test/workers/supervision/eta-trace.json', 'utf8'),
  ) as { steps: number[]; evaluations: Record<number, [number, number?]> }
  const { steps, evaluations } = recorded
  const figures = judge(
    poll(
      traceOf({
        steps: steps.length,
        step: step => steps[step - 1]! / 1000,
        validateEvery: 150,
        evaluation: step => evaluations[step]![0] / 1000,
        checkpoint: step => (evaluations[step]?.[1] ?? 0) / 1000,
        stepsPerEvaluation: 31,
      }),
    ),
    5,
  )
  t.diagnostic(JSON.stringify(figures))
  assert.ok(figures.jump < 0.2, `jumps by ${figures.jump} of the time left`)
  assert.ok(figures.last < 0.2, `is wrong by ${figures.last} at the end`)
})

test('there is no ETA before the pace is known, and no negative one after the expected end', () => {
  const plan: EtaPlan = { steps: 1000, validateEvery: null, stepsPerEvaluation: 0 }
  const estimator = new EtaEstimator(plan)
  const etas = [0, 10, 10.5, 11, 11.5].map((at, step) => {
    estimator.observe(step, at)
    return estimator.secondsLeft(at)
  })
  assert.deepEqual(etas.slice(0, 4), [null, null, null, null], 'the first step is the warm-up')
  assert.equal(etas[4], 996 * 0.5 + 1)
  assert.equal(estimator.secondsLeft(21.5), 996 * 0.5 - 9)
  assert.equal(estimator.secondsLeft(10_000), 0)
})

test('a model that is being saved is nearly done, even if steps are left', () => {
  const { plan, reports } = traceOf({ steps: 1000, step: () => 1 })
  const estimator = new EtaEstimator(plan)
  for (const each of reports.slice(0, 100)) report(estimator, each)
  assert.ok(estimator.secondsLeft(199)! > 900)
  estimator.observeCheckpoint(99, 204)
  estimator.startSaving(204)
  assert.equal(estimator.secondsLeft(204), 10, 'twice as long as the checkpoint')
  assert.equal(estimator.secondsLeft(300), 0)
})
