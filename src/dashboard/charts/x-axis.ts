import { formatCount } from '../../presentation/units.js'
import type { MetricPoint } from '../../spec/metrics.js'
import { formatDuration, formatMetric, formatTime } from '../ui/format.js'

/** What the x axis of a curve counts. `relative` is the time since the start of the job. */
export const xKinds = ['step', 'epoch', 'relative', 'time'] as const
export type XKind = (typeof xKinds)[number]

export const xTitles: Record<XKind, string> = {
  step: 'Step',
  epoch: 'Epoch',
  relative: 'Time since start',
  time: 'Time of day',
}

/** What the axis needs to know of a job. */
export interface Run {
  startedAt: string | null
  /** Steps of an epoch; null for trees, whose steps are rounds. */
  stepsPerEpoch: number | null
}

interface JobOfRun {
  startedAt: string | null
  training?: object
}

export function runOf({ startedAt, training = {} }: JobOfRun): Run {
  const { stepsPerEpoch } = training as { stepsPerEpoch?: number }
  return { startedAt, stepsPerEpoch: stepsPerEpoch ?? null }
}

/**
 * Where points lie on the axis. Without epochs or a start, the step or the time since the first point stands for
 * them. After a pause, time goes on, so the order is that of the steps.
 */
export function xValues(points: readonly MetricPoint[], kind: XKind, run: Run): number[] {
  if (kind === 'step') return points.map(({ step }) => step)
  if (kind === 'epoch') return points.map(({ step }) => step / (run.stepsPerEpoch || 1))
  const start = kind === 'time' ? 0 : Date.parse(run.startedAt ?? points[0]?.time ?? '')
  return points.map(({ time }) => (Date.parse(time) - start) / 1000)
}

export function formatX(kind: XKind): (x: number) => string {
  switch (kind) {
    case 'step':
      // an axis of few steps has marks between them
      return x => (Number.isInteger(x) ? formatCount(x) : '')
    case 'epoch':
      return x => formatMetric(Number(x.toPrecision(4)))
    case 'relative':
      return x => (x < 10 && !Number.isInteger(x) ? `${x.toFixed(1)} s` : formatDuration(x))
    case 'time':
      return x => formatTime(x * 1000)
  }
}
