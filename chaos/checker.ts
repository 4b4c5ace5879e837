// Compares what clients saw, and what is stored at the end, with what Trainyard guarantees.
import type { Checkpoint } from '../src/spec/checkpoint.js'
import type { Job } from '../src/spec/job.js'
import type { Store } from '../src/store/store.js'
import type { RetryingClient } from './api.js'
import { type RecordedAttempt, readAttempts } from './attempts.js'
import { isDeterministic, type JobHistory, type Reference, type Violation } from './history.js'
import { lastCheckpointFiles, modelFiles, type Points, pointsOf, seriesOf } from './outcome.js'

export class Verdict {
  readonly counts: Record<Violation, number> = {
    lost: 0,
    duplicated: 0,
    diverged: 0,
    staleWrites: 0,
    leaked: 0,
  }

  constructor(private readonly log: (line: string) => void) {}

  add(violation: Violation, description: string): void {
    this.counts[violation]++
    this.log(`VIOLATION ${violation}: ${description}`)
  }

  get clean(): boolean {
    return Object.values(this.counts).every(count => count === 0)
  }
}

export interface CheckContext {
  api: RetryingClient
  store: Store
  references: ReadonlyMap<string, Reference>
}

const terminal = new Set(['succeeded', 'failed', 'cancelled'])

export async function check(
  histories: readonly JobHistory[],
  context: CheckContext,
  verdict: Verdict,
): Promise<void> {
  const { api, store } = context
  const listed = await api.jobs()
  const ids = new Set(listed.map(({ id }) => id))
  for (const id of await store.list('jobs')) {
    const stored = (await store.readJson(`jobs/${id}/manifest.json`)) !== null
    if (stored && !ids.has(id)) verdict.add('lost', `${id} is stored but not listed`)
  }
  for (const job of listed) {
    if (!terminal.has(job.status)) verdict.add('lost', `${job.name} (${job.id}) is ${job.status}`)
  }
  for (const history of histories) {
    const matching = listed.filter(({ name }) => name === history.name)
    await checkOne(history, matching, context, verdict)
  }
  checkServerErrors(api, verdict)
}

export function checkServerErrors({ serverErrors }: RetryingClient, verdict: Verdict): void {
  for (const { path, status, text } of serverErrors) {
    verdict.add('diverged', `${path} answered ${status}: ${text}`)
  }
}

async function checkOne(
  history: JobHistory,
  matching: readonly Job[],
  context: CheckContext,
  verdict: Verdict,
): Promise<void> {
  const { name, id } = history
  const job = matching.find(one => one.id === id)
  if (!job) {
    verdict.add('lost', `${name} (${id ?? 'never accepted'}) is missing`)
    return
  }
  if (matching.length > 1) verdict.add('duplicated', `${name} is ${matching.length} jobs`)
  const versions = await context.store.list(`models/${name}`)
  const succeeded = matching.filter(({ status }) => status === 'succeeded').length
  if (versions.length > succeeded) {
    verdict.add(
      'duplicated',
      `${name}: ${versions.length} model versions from ${succeeded} successful jobs`,
    )
  }
  checkStates(history, job, verdict)
  const points = await pointsOf(context.api, job.id)
  const reference = context.references.get(history.configuration.key)!
  checkSeries(name, seriesOf(points), reference, job.status === 'succeeded', verdict)
  checkFollowed(history, points, reference, verdict)
  await checkStaleWrites(job, points, context, verdict)
  if (job.status !== 'succeeded') return
  const found = {
    model: await modelFiles(context.store, job),
    checkpoint: await lastCheckpointFiles(context.api, context.store, job.id),
  }
  for (const artifact of ['model', 'checkpoint'] as const) {
    if (found[artifact] === reference[artifact]) continue
    verdict.add(
      'diverged',
      `${name}: the ${artifact} is\n${found[artifact]}\nexpected\n${reference[artifact]}`,
    )
  }
  for (const predictions of new Set(history.predictions)) {
    if (predictions === reference.predictions) continue
    verdict.add('diverged', `${name} predicts ${predictions.slice(0, 200)}`)
  }
}

export function checkStates(history: JobHistory, job: Job, verdict: Verdict): void {
  const { name, cancelRequested, states } = history
  for (const [client, list] of Object.entries(states)) {
    const end = list.findIndex(({ status }) => terminal.has(status))
    if (end >= 0 && end < list.length - 1) {
      verdict.add('duplicated', `${name}: the ${client} saw a state after the job had ended`)
    }
    for (const [i, { attempt }] of list.entries()) {
      const before = list[i - 1]?.attempt ?? 0
      if (attempt >= before) continue
      verdict.add(
        'staleWrites',
        `${name}: the ${client} saw attempt ${attempt} after attempt ${before}`,
      )
    }
    const last = list.at(-1)
    if (end >= 0 && last && last.status !== job.status) {
      verdict.add(
        'duplicated',
        `${name} is ${job.status}, but the ${client} saw it end as ${last.status}`,
      )
    }
  }
  if (job.status === 'failed') {
    verdict.add('diverged', `${name} failed: ${job.failure?.code}: ${job.failure?.message}`)
  }
  if (job.status === 'cancelled' && !cancelRequested) {
    verdict.add('diverged', `${name} was cancelled although no client requested it`)
  }
}

/**
 * Compares a job's metrics with the reference. If the job is not `complete`, its points must be the first
 * points of the reference.
 */
export function checkSeries(
  name: string,
  found: Reference['series'],
  { series }: Reference,
  complete: boolean,
  verdict: Verdict,
): void {
  for (const [metric, expected] of Object.entries(series)) {
    const got = found[metric] ?? []
    const wanted = complete ? expected : expected.slice(0, got.length)
    const mismatchIndex = wanted.findIndex(
      ([step, value], i) => got[i]?.[0] !== step || got[i]?.[1] !== value,
    )
    if (mismatchIndex < 0 && got.length === wanted.length) continue
    const index = mismatchIndex < 0 ? wanted.length : mismatchIndex
    verdict.add(
      'diverged',
      `${name}: ${metric} has ${got.length} points, point ${index} is ${got[index]}, expected ${wanted[index]}`,
    )
  }
}

/** Checks that the follower received each row once, in order, complete, and with the reference's values. */
export function checkFollowed(
  { name, rows }: JobHistory,
  points: Points,
  { series }: Reference,
  verdict: Verdict,
): void {
  let last = 0
  const got = new Set<string>()
  for (const { id, row } of rows) {
    if (Number(id) <= last) {
      verdict.add('duplicated', `${name}: the follower received row ${id} after row ${last}`)
    }
    last = Number(id)
    for (const [metric, value] of Object.entries(row.values)) {
      got.add(`${metric} ${row.step}`)
      if (!isDeterministic(metric)) continue
      const expected = series[metric]?.find(([step]) => step === row.step)
      if (expected?.[1] === value) continue
      verdict.add(
        'diverged',
        `${name}: the follower received ${metric} ${value} at step ${row.step}, expected ${expected?.[1]}`,
      )
    }
  }
  for (const [metric, list] of Object.entries(points)) {
    const missed = list.filter(({ step }) => !got.has(`${metric} ${step}`))
    if (missed.length === 0) continue
    verdict.add('lost', `${name}: the follower missed ${missed.length} points of ${metric}`)
  }
}

async function checkStaleWrites(
  { id, name }: Job,
  points: Points,
  { store, api }: CheckContext,
  verdict: Verdict,
): Promise<void> {
  const checkpoints = await api.checkpoints(id)
  const attempts = await readAttempts(store, id)
  for (const description of findStaleWrites(points, checkpoints, attempts)) {
    verdict.add('staleWrites', `${name}: ${description}`)
  }
}

/**
 * Describes each point and checkpoint that does not belong to the attempt in effect at its step. An attempt
 * is in effect from the step that it resumed from to the step that a later attempt resumed from.
 */
export function findStaleWrites(
  points: Points,
  checkpoints: readonly Pick<Checkpoint, 'step' | 'attempt'>[],
  attempts: readonly RecordedAttempt[],
): string[] {
  const times = new Map(
    attempts.map(({ attempt, rows }) => [attempt, new Set(rows.map(r => `${r.step} ${r.time}`))]),
  )
  const owner = (step: number) =>
    attempts.findLast(
      ({ attempt, resumedFrom }) =>
        resumedFrom < step &&
        attempts.every(later => later.attempt <= attempt || later.resumedFrom >= step),
    )?.attempt
  const isEffective = (step: number, time: string) =>
    times.get(owner(step)!)?.has(`${step} ${time}`)
  const stale = Object.values(points)
    .flat()
    .filter(({ step, time }) => !isEffective(step, time)).length
  return [
    ...(stale > 0 ? [`${stale} points belong to superseded attempts`] : []),
    ...checkpoints
      .filter(({ step, attempt }) => owner(step) !== attempt)
      .map(
        ({ step, attempt }) =>
          `checkpoint ${step} belongs to attempt ${attempt}, expected ${owner(step)}`,
      ),
  ]
}
