import { formatCount } from '../../../presentation/units.js'
import type { Checkpoint } from '../../../spec/checkpoint.js'
import type { Job } from '../../../spec/job.js'
import type { MetricPoint } from '../../../spec/metrics.js'
import { type Run, type XKind, xValues } from '../../charts/x-axis.js'
import type { Mark } from '../../ui/line-chart.js'
import { stepWord } from '../use-job.js'
import type { MetricPoints } from './metric-history.js'

/** Something that happened while a job trained, at a step and a time. */
export interface RunEvent {
  step: number
  time: string
  label: string
}

/**
 * The checkpoints of a job, and where each attempt after the first goes on. Steps that a later attempt has trained
 * again are not in the metrics: the last point before its start is the step from which it resumed.
 */
export function eventsOf(
  job: Job,
  checkpoints: readonly Checkpoint[],
  points: MetricPoints | undefined,
): RunEvent[] {
  const { progress, attempt: latest, transitions } = job
  const events = checkpoints.map(({ step, createdAt, best }) => ({
    step,
    time: createdAt,
    label: `${best ? 'best checkpoint' : 'checkpoint'}, ${stepWord(job)} ${formatCount(step)}`,
  }))
  const longest = Object.values(points ?? {}).reduce<readonly MetricPoint[]>(
    (most, each) => (each.length > most.length ? each : most),
    [],
  )
  for (const { status, attempt, at } of transitions) {
    if (status !== 'running' || attempt < 2) continue
    const known = attempt === latest ? progress.resumedFrom : null
    const before = longest.findLast(({ time }) => Date.parse(time) < Date.parse(at))
    const step = known ?? before?.step ?? 0
    events.push({ step, time: at, label: `attempt ${attempt} goes on` })
  }
  return events
}

export function marksOf(events: readonly RunEvent[], kind: XKind, run: Run): Mark[] {
  const x = xValues(
    events.map(({ step, time }) => ({ step, time, value: 0 })),
    kind,
    run,
  )
  return events.map(({ label }, i) => ({ x: x[i]!, label }))
}

export interface NonFinitePoint extends MetricPoint {
  name: string
}

/** The points that no curve can show, in the order of steps. */
export const nonFinitePoints = (names: readonly string[], points: MetricPoints): NonFinitePoint[] =>
  names
    .flatMap(name =>
      (points[name] ?? [])
        .filter(({ value }) => !Number.isFinite(Number(value)))
        .map(point => ({ ...point, name })),
    )
    .sort((a, b) => a.step - b.step)
