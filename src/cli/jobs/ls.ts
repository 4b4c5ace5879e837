import type { Command } from 'commander'
import type { Job } from '../../spec/job.js'
import type { Cli } from '../cli.js'
import { parseCount, repeated } from '../option-values.js'
import type { Output } from '../output.js'
import { noteRest, readPages } from '../pages.js'
import { formatAge } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'
import { kindText, progressText, statusStyle, statusText } from './job-words.js'
import { mainMetricText } from './main-metric.js'
import { addSelectionOptions, type SelectionOptions, selectionPairs } from './selection.js'

interface LsOptions extends SelectionOptions {
  limit: number
  all?: boolean
  where?: string[]
  sort?: string
  metric?: string
}

/** `trainyard ls`: the newest jobs, or those that match. */
export function addLs(program: Command, cli: Cli): void {
  const command = program
    .command('ls')
    .alias('list')
    .summary('list jobs, the newest first')
    .description(
      'List jobs, the newest first. A terminal shows the beginnings of ids, which all commands take; elsewhere ids are whole.',
    )
    .option('-n, --limit <count>', 'how many jobs', parseCount, 20)
    .option('-a, --all', 'all jobs, however many there are')
  addSelectionOptions(command)
    .option(
      '--where <condition>',
      "on a field or metric, such as 'validationAccuracy>0.9' or training.seed=7; repeat it for more",
      repeated,
    )
    .option(
      '--sort <fields>',
      'fields or metrics, separated by commas, with - before one for the highest first: -validationAccuracy,name',
    )
    .option('--metric <name>', 'the metric to show, by its best value')
    .action(async (options: LsOptions) => {
      const client = await cli.client()
      const query = [...selectionPairs(options), ...listPairs(options)]
      const limit = options.all ? Number.POSITIVE_INFINITY : options.limit
      const found = await readPages(pairs => client.jobs.list(pairs), query, limit)
      const jobs = found.items
      cli.output.list(jobs, columnsFor(cli.output, jobs, options.metric), noneText(query))
      noteRest(found, 'job', cli.output)
    })
}

const listPairs = ({ where = [], sort }: LsOptions): [string, string][] => [
  ...where.map((condition): [string, string] => ['where', condition]),
  ...(sort === undefined ? [] : [['sort', sort] as [string, string]]),
]

const noneText = (query: readonly [string, string][]) =>
  query.length > 0 ? 'No job matches.' : 'No jobs. `trainyard submit` makes one.'

function columnsFor(output: Output, jobs: readonly Job[], metric?: string): Column<Job>[] {
  const shorten = output.width === Number.POSITIVE_INFINITY ? (id: string) => id : shortIds(jobs)
  const hasLabels = jobs.some(({ labels }) => Object.keys(labels).length > 0)
  return [
    { title: 'JOB', value: ({ id }) => shorten(id) },
    { title: 'NAME', value: ({ name }) => name },
    {
      title: 'STATUS',
      value: statusText,
      style: (job, text) => output.style(statusStyle(job.status), text),
    },
    { title: 'PROGRESS', value: progressText, rank: 2 },
    { title: 'BEST', value: job => mainMetricText(job, metric), rank: 1 },
    { title: 'MODEL', value: kindText, rank: 4 },
    { title: 'DATA SET', value: ({ dataset }) => dataset.name, rank: 5 },
    { title: 'AGE', value: ({ createdAt }) => formatAge(createdAt), align: 'right', rank: 3 },
    ...(hasLabels ? [{ title: 'LABELS', value: labelsText, rank: 6 }] : []),
  ]
}

const labelsText = ({ labels }: Job) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')

/** `job-` and the time of the id, to the millisecond. */
const leastIdLength = 'job-'.length + 10

/** Beginnings of ids that tell the jobs of the list apart; commands take them. */
function shortIds(jobs: readonly Job[]): (id: string) => string {
  const isUnique = (length: number) =>
    new Set(jobs.map(({ id }) => id.slice(0, length))).size === jobs.length
  let length = leastIdLength
  while (!isUnique(length)) length++
  return id => id.slice(0, length)
}
