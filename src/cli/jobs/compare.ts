import type { Command } from 'commander'
import type { Client } from '../../client/client.js'
import { metricsInOrder } from '../../presentation/metric-groups.js'
import { flatSettings, type Setting } from '../../presentation/settings.js'
import { missing } from '../../presentation/units.js'
import type { Job } from '../../spec/job.js'
import type { JobMetrics } from '../../spec/metrics.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'
import type { Output, Style } from '../output.js'
import { formatMetric } from '../terminal/format.js'
import { lineChart } from '../terminal/line-chart.js'
import { type Column, table } from '../terminal/table.js'
import { isUnicodeTerminal } from '../terminal/unicode.js'
import { findJobs, jobArgument } from './find-job.js'
import { statusText } from './job-words.js'
import { mainMetric } from './main-metric.js'

interface CompareOptions {
  metric?: string
}

/** `trainyard compare`: metrics of jobs, the settings in which they differ, and their curves in one chart. */
export function addCompare(program: Command, cli: Cli): void {
  program
    .command('compare')
    .argument('<jobs...>', jobArgument)
    .summary('compare jobs: metrics, settings, curves')
    .description('Compare jobs: their best metrics, the settings that differ, and their curves.')
    .option('--metric <name>', 'the metric of the curves; by default one that all have')
    .action(async (references: string[], { metric }: CompareOptions) => {
      const client = await cli.client()
      const jobs = await findJobs(cli, client, references)
      if (jobs.length < 2) throw usageError('name two jobs or more; `trainyard show` shows one')
      const comparison = comparisonOf(jobs, await directions())
      if (cli.output.isJson) return cli.output.result(comparison, () => '')
      printTables(cli.output, jobs, comparison)
      await printCurves(cli, client, jobs, metric ?? commonMetric(jobs))
    })
}

interface Comparison {
  jobs: { id: string; name: string; status: string }[]
  /** By metric: the best value of each job; of a metric without a better direction, the last one. */
  metrics: Record<string, (number | string | null)[]>
  /** By metric: the place of the job with the best value. */
  best: Record<string, number>
  /** Only those that differ. */
  settings: Record<string, (Setting | null)[]>
}

type BetterOf = (name: string) => 'lower' | 'higher' | null

/** Schemas take a moment to load, and few commands need them. */
const directions = async (): Promise<BetterOf> =>
  (await import('../../spec/best-metrics.js')).betterOf

function comparisonOf(jobs: readonly Job[], betterOf: BetterOf): Comparison {
  const names = metricsInOrder(
    new Set(jobs.flatMap(job => Object.keys({ ...job.metrics, ...job.best }))),
  )
  const metrics = Object.fromEntries(
    names.map(name => [
      name,
      jobs.map(({ best, metrics }) => best[name]?.value ?? metrics[name] ?? null),
    ]),
  )
  const best = Object.entries(metrics).flatMap(([name, values]) => {
    const place = bestPlace(values.map(Number), values, betterOf(name))
    return place === null ? [] : [[name, place] as const]
  })
  return {
    jobs: jobs.map(({ id, name, status }) => ({ id, name, status })),
    metrics,
    best: Object.fromEntries(best),
    settings: differingSettings(jobs),
  }
}

function bestPlace(
  numbers: readonly number[],
  values: readonly unknown[],
  better: 'lower' | 'higher' | null,
): number | null {
  const known = numbers.filter((number, i) => values[i] !== null && Number.isFinite(number))
  if (better === null || known.length < 2 || new Set(known).size === 1) return null
  const wanted = better === 'lower' ? Math.min(...known) : Math.max(...known)
  return numbers.findIndex((number, i) => values[i] !== null && number === wanted)
}

function differingSettings(jobs: readonly Job[]): Comparison['settings'] {
  const all = jobs.map(({ dataset, model, training, labels, initFrom, priority }) =>
    flatSettings({ dataset: dataset.name, model, training, labels, initFrom, priority }),
  )
  const paths = new Set(all.flatMap(settings => [...settings.keys()]))
  const rows = [...paths].map(
    path => [path, all.map(settings => settings.get(path) ?? null)] as const,
  )
  return Object.fromEntries(rows.filter(([, values]) => new Set(values).size > 1))
}

function printTables(output: Output, jobs: readonly Job[], comparison: Comparison): void {
  const bold = (text: string) => output.style('bold', text)
  const titles = titlesOf(jobs)
  const columns = (title: string, cell: (row: string, i: number) => string): Column<string>[] => [
    { title, value: row => row },
    ...titles.map(
      (name, i): Column<string> => ({ title: name, value: row => cell(row, i), align: 'right' }),
    ),
  ]
  const { metrics, best, settings } = comparison
  const metric = (name: string, i: number) =>
    formatMetric(metrics[name]![i] as number | null) + (best[name] === i ? ' *' : '  ')
  const state = jobs.map(job => statusText(job))
  const rows = columns('METRIC', (name, i) =>
    name === 'status' ? `${state[i]}  ` : metric(name, i),
  )
  output.line(table(['status', ...Object.keys(metrics)], rows, output.width, bold))
  const paths = Object.keys(settings)
  if (paths.length === 0) output.line('\nThe jobs have the same settings.')
  else {
    const setting = (path: string, i: number) => String(settings[path]![i] ?? missing)
    output.line(`\n${table(paths, columns('SETTING', setting), output.width, bold)}`)
  }
}

/** Names, and beginnings of ids if names are the same. */
function titlesOf(jobs: readonly Job[]): string[] {
  const names = jobs.map(({ name }) => name)
  const isUnique = new Set(names).size === names.length
  return jobs.map(({ id, name }) => (isUnique ? name : id.slice(0, 'job-'.length + 10)))
}

/** The most telling metric that all jobs have, else that the first has. */
function commonMetric(jobs: readonly Job[]): string | null {
  const [first, ...others] = jobs.map(({ best }) => best)
  const common = Object.entries(first!).filter(([name]) => others.every(best => best[name]))
  return mainMetric({ best: Object.fromEntries(common), metrics: {} }) ?? mainMetric(jobs[0]!)
}

const pens: readonly { style: Style; symbol: string }[] = [
  { style: 'cyan', symbol: '*' },
  { style: 'yellow', symbol: 'o' },
  { style: 'magenta', symbol: '+' },
  { style: 'green', symbol: 'x' },
  { style: 'red', symbol: '#' },
  { style: 'blue', symbol: '@' },
]
const chartHeight = 14

async function printCurves(
  { output, environment }: Cli,
  client: Client,
  jobs: readonly Job[],
  metric: string | null,
): Promise<void> {
  if (metric === null) return
  const ids = jobs.map(({ id }) => id)
  const { items } = await client.jobs.compareMetrics(ids, { names: metric, maxPoints: '200' })
  const isBraille =
    isUnicodeTerminal(environment) && output.hasColours && jobs.length <= pens.length
  const titles = titlesOf(jobs)
  const curves = ids.map((id, i) => {
    const { style, symbol } = pens[i % pens.length]!
    const paint = (text: string) => output.style(style, text)
    return { title: titles[i]!, symbol, paint, points: pointsOf(items, id, metric) }
  })
  const options = { width: output.chartWidth, height: chartHeight, isUnicode: isBraille }
  const chart = lineChart(curves, options)
  if (chart.length === 0) return output.note(`No job has measured ${metric} yet.`)
  const legend = curves.map(({ title, symbol, paint }) =>
    paint(isBraille ? title : `${symbol} ${title}`),
  )
  output.line(['', `${metric}:  ${legend.join('  ')}`, ...chart].join('\n'))
}

const pointsOf = (items: readonly JobMetrics[], id: string, metric: string) =>
  (items.find(({ job }) => job === id)?.points[metric] ?? []).map(({ step, value }) => ({
    step,
    value: Number(value),
  }))
