import { type Command, Option } from 'commander'
import type { Client } from '../../client/client.js'
import { groupMetrics, metricsInOrder } from '../../presentation/metric-groups.js'
import type { Job } from '../../spec/job.js'
import type { MetricPoint, MetricsPage } from '../../spec/metrics.js'
import type { Cli } from '../cli.js'
import { saveBody } from '../files/save.js'
import { parseStep } from '../option-values.js'
import { formatMetric } from '../terminal/format.js'
import { isUnicodeTerminal } from '../terminal/unicode.js'
import { findJob, jobArgument } from './find-job.js'
import { metricChart } from './watch-view.js'

interface MetricsOptions {
  names?: string
  fromStep?: string
  toStep?: string
  format?: 'curves' | 'table' | 'csv'
}

/** `trainyard metrics`: what a job has measured, as curves, a table, CSV or JSON. */
export function addMetrics(program: Command, cli: Cli): void {
  program
    .command('metrics')
    .argument('<job>', jobArgument)
    .summary('show what a job has measured')
    .description('Show what a job has measured. --json prints all points of each metric.')
    .option('--names <names>', 'only these metrics, separated by commas')
    .option('--from-step <step>', 'only from this step on', parseStep)
    .option('--to-step <step>', 'only up to this step', parseStep)
    .addOption(
      new Option(
        '-f, --format <format>',
        'by default curves on a terminal, and elsewhere a table of all rows',
      ).choices(['curves', 'table', 'csv']),
    )
    .action(async (reference: string, options: MetricsOptions) => {
      const client = await cli.client()
      const job = await findJob(cli, client, reference)
      const query = queryOf(options)
      const format = options.format ?? (cli.isLive ? 'curves' : 'table')
      if (cli.output.isJson) await printPoints(cli, client, job, query)
      else if (format === 'csv') await printCsv(cli, client, job, query)
      else if (format === 'table') await printTable(cli, client, job, query)
      else await printCurves(cli, client, job, query)
    })
}

type MetricsQuery = Record<string, string>

const queryOf = ({ names, fromStep, toStep }: MetricsOptions): MetricsQuery => ({
  ...(names !== undefined && { names }),
  ...(fromStep !== undefined && { fromStep }),
  ...(toStep !== undefined && { toStep }),
})

async function printCsv(cli: Cli, client: Client, { id }: Job, query: MetricsQuery) {
  const answer = await client.jobs.exportMetrics(id, 'csv', query, { signal: cli.interrupted })
  await saveBody(cli, answer, '-', { force: true })
}

async function printPoints(cli: Cli, client: Client, job: Job, query: MetricsQuery) {
  const points: Record<string, MetricPoint[]> = {}
  for await (const page of pagesOf(cli, client, job, query)) {
    for (const [name, more] of Object.entries(page.points)) {
      const before = points[name] ?? []
      before.push(...more)
      points[name] = before
    }
  }
  cli.output.result({ job: job.id, points }, () => '')
}

/** Rows of one step are one line; they are printed as they come, so a column has the width of its name. */
async function printTable(cli: Cli, client: Client, job: Job, query: MetricsQuery) {
  const { output } = cli
  const named = query.names?.split(',') ?? Object.keys({ ...job.metrics, ...job.best })
  const names = metricsInOrder(named)
  const widths = names.map(name => Math.max(name.length, valueWidth))
  const line = (step: string, cells: readonly string[]) =>
    [step.padStart(stepWidth), ...cells.map((cell, i) => cell.padStart(widths[i]!))].join('  ')
  output.line(output.style('bold', line('step', names)))
  for await (const { points } of pagesOf(cli, client, job, query)) {
    for (const [step, values] of bySteps(points)) {
      output.line(
        line(
          String(step),
          names.map(name => values.get(name) ?? ''),
        ),
      )
    }
  }
}

const stepWidth = 8
const valueWidth = 9

function bySteps(points: MetricsPage['points']): [number, Map<string, string>][] {
  const rows = new Map<number, Map<string, string>>()
  for (const [name, values] of Object.entries(points)) {
    for (const { step, value } of values) {
      const row = rows.get(step) ?? new Map<string, string>()
      rows.set(step, row.set(name, formatMetric(value)))
    }
  }
  return [...rows].sort(([a], [b]) => a - b)
}

const stepsPerPage = '5000'

async function* pagesOf(
  { output, interrupted }: Cli,
  client: Client,
  { id }: Job,
  query: MetricsQuery,
): AsyncGenerator<MetricsPage> {
  let cursor: string | null = null
  let damaged = 0
  do {
    const page: MetricsPage = await client.jobs.metrics(
      id,
      { ...query, limit: stepsPerPage, ...(cursor !== null && { cursor }) },
      { signal: interrupted },
    )
    yield page
    damaged += page.damagedLines
    cursor = page.nextCursor
  } while (cursor !== null)
  if (damaged > 0) output.note(`${damaged} lines of the metrics log are damaged and left out.`)
}

const chartHeight = 10
const maxPoints = '400'

async function printCurves(cli: Cli, client: Client, job: Job, query: MetricsQuery) {
  const { output, environment } = cli
  const { points } = await client.jobs.metrics(job.id, { ...query, maxPoints })
  const names = Object.keys(points).filter(name => points[name]!.length > 0)
  if (names.length === 0) return output.note('No metrics yet.')
  const isUnicode = isUnicodeTerminal(environment)
  const options = { output, isUnicode, width: output.chartWidth, height: chartHeight }
  for (const { metrics } of groupMetrics(names)) {
    const group = metrics.map(({ name }) => name)
    const last = group.map(name => `${name} ${formatMetric(points[name]!.at(-1)?.value)}`)
    const chart = metricChart(group, points, options)
    output.line([...(chart.length > 0 ? chart : last), ''].join('\n'))
  }
}
