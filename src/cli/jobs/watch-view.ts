import { groupMetrics, metricsInOrder } from '../../presentation/metric-groups.js'
import { formatDuration } from '../../presentation/units.js'
import type { Job } from '../../spec/job.js'
import type { MetricPoint } from '../../spec/metrics.js'
import type { Output, Style } from '../output.js'
import { bar } from '../terminal/bar.js'
import { formatMetric } from '../terminal/format.js'
import { lineChart } from '../terminal/line-chart.js'
import { wrapLines } from '../terminal/wrap.js'
import { durationOf, progressLine, statusStyle, statusText } from './job-words.js'
import { resultText } from './watch-lines.js'

export type Points = Readonly<Record<string, readonly MetricPoint[]>>

export interface ViewOptions {
  output: Output
  isUnicode: boolean
  width: number
  height: number
}

/** How many charts there is room for, each with so many lines. */
const mostCharts = 2
const chartHeights = { least: 4, most: 12 }
const widestBar = 60

/** A job as the lines of a live view: state, bar, metrics and curves. */
export function watchView(job: Job, points: Points, note: string, options: ViewOptions): string[] {
  const { output, width, height } = options
  const head = [...stateLines(job, options), ...metricsLines(job, width)]
  const tail = note === '' ? [] : wrapLines(note, width).map(line => output.style('yellow', line))
  const room = height - head.length - tail.length
  return [...head, ...chartLines(points, room, options), ...tail]
}

function stateLines(job: Job, { output, isUnicode, width }: ViewOptions): string[] {
  const { name, id, phase, attempt, waitingFor, queue, failure } = job
  const details = [
    ...(phase === null ? [] : [phase]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(queue === null ? [] : [queue.position === 1 ? 'next' : `position ${queue.position}`]),
  ]
  const state = [statusText(job), ...details].join(', ') + resultText(job)
  const taken = durationOf(job)
  const time = taken === null ? '' : ` (${formatDuration(taken)})`
  return [
    ...wrapLines(`${name}  ${id}`, width).map(line => output.style('bold', line)),
    ...wrapLines(state + time, width).map(line => output.style(statusStyle(job.status), line)),
    ...(waitingFor === null ? [] : wrapLines(`waits for: ${waitingFor}`, width)),
    ...(failure === null ? [] : wrapLines(`${failure.message}\n${failure.help}`, width)),
    bar(job.progress.fraction, Math.min(width, widestBar), isUnicode),
    ...wrapLines(progressLine(job), width),
  ]
}

function metricsLines({ metrics }: Job, width: number): string[] {
  const texts = metricsInOrder(Object.keys(metrics)).map(
    name => `${name} ${formatMetric(metrics[name])}`,
  )
  return texts.length === 0 ? [] : wrapParts(texts, width)
}

/** Parts stay whole. */
function wrapParts(parts: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 2 + part.length <= width) {
      lines[lines.length - 1] = `${last}  ${part}`
    } else lines.push(part)
  }
  return lines
}

/** Without a better direction, such as a learning rate: not worth the room. */
const notDrawn = ['learningRate', 'examplesPerSecond', 'l2Penalty', 'weightedLoss']

function chartLines(points: Points, room: number, options: ViewOptions): string[] {
  const names = Object.keys(points).filter(name => !notDrawn.includes(name))
  const groups = groupMetrics(names).slice(0, mostCharts)
  const charts = Math.min(groups.length, Math.floor(room / (chartHeights.least + 2)))
  if (charts === 0) return []
  const height = Math.min(chartHeights.most, Math.floor(room / charts) - 2)
  return groups.slice(0, charts).flatMap(({ metrics }) =>
    metricChart(
      metrics.map(({ name }) => name),
      points,
      { ...options, height },
    ),
  )
}

const pens: readonly { style: Style; symbol: string }[] = [
  { style: 'cyan', symbol: '*' },
  { style: 'yellow', symbol: 'o' },
  { style: 'green', symbol: '+' },
]

/** A title, and the curves of a metric and of its values on the validation records. */
export function metricChart(
  names: readonly string[],
  points: Points,
  { output, isUnicode, width, height }: ViewOptions,
): string[] {
  // braille needs colours to tell curves apart
  const isBraille = isUnicode && (names.length === 1 || output.hasColours)
  const pen = (i: number) => {
    const { style, symbol } = pens[i % pens.length]!
    return { symbol, paint: (text: string) => output.style(style, text) }
  }
  const title = names.map((name, i) => pen(i).paint(isBraille ? name : `${pen(i).symbol} ${name}`))
  const curves = names.map((name, i) => ({
    ...pen(i),
    points: (points[name] ?? []).map(({ step, value }) => ({ step, value: Number(value) })),
  }))
  const isLogarithmic = names.every(name => /loss/i.test(name)) && spansDecades(curves)
  const chart = lineChart(curves, {
    ...{ width, height, isLogarithmic },
    isUnicode: isBraille,
  })
  return chart.length === 0 ? [] : [title.join('  '), ...chart]
}

/** Whether a linear axis would show the end of a curve as a flat line. */
function spansDecades(curves: readonly { points: readonly { value: number }[] }[]): boolean {
  const values = curves.flatMap(({ points }) => points.map(({ value }) => value))
  const finite = values.filter(Number.isFinite)
  const least = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const most = finite.reduce((a, b) => Math.max(a, b), 0)
  return least > 0 && most / least > 100
}
