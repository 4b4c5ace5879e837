import type { Command } from 'commander'
import type { Client } from '../../client/client.js'
import type { DamagedItem } from '../../spec/damage.js'
import type { Job } from '../../spec/job.js'
import type { Cli } from '../cli.js'
import { parseCount, repeated } from '../option-values.js'
import type { Output } from '../output.js'
import { countOf, formatAge } from '../terminal/format.js'
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
    .description('List jobs, the newest first.')
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
      const limit = options.all ? null : options.limit
      const { jobs, damaged, total } = await readJobs(client, query, limit)
      cli.output.list(jobs, columnsFor(cli.output, jobs, options.metric), noneText(query))
      for (const { id, reason } of damaged) cli.output.note(`${id} cannot be read: ${reason}`)
      if (total > jobs.length + damaged.length) {
        const shown = `${jobs.length} of ${countOf(total, 'job')}`
        cli.output.note(`${shown}; --all or --limit shows more`)
      }
    })
}

const listPairs = ({ where = [], sort }: LsOptions): [string, string][] => [
  ...where.map((condition): [string, string] => ['where', condition]),
  ...(sort === undefined ? [] : [['sort', sort] as [string, string]]),
]

const noneText = (query: readonly [string, string][]) =>
  query.length > 0 ? 'No job matches.' : 'No jobs. `trainyard submit` makes one.'

const mostPerPage = 1000

/** The jobs of the first pages, up to `limit`; all without one. */
async function readJobs(
  client: Client,
  query: readonly [string, string][],
  limit: number | null,
): Promise<{ jobs: Job[]; damaged: DamagedItem[]; total: number }> {
  const jobs: Job[] = []
  const damaged: DamagedItem[] = []
  let cursor: string | null = null
  for (;;) {
    const wanted = Math.min((limit ?? Number.POSITIVE_INFINITY) - jobs.length, mostPerPage)
    const pairs: [string, string][] = [...query, ['limit', String(wanted)]]
    if (cursor !== null) pairs.push(['cursor', cursor])
    const page = await client.jobs.list(pairs)
    jobs.push(...page.items)
    damaged.push(...page.damaged)
    cursor = page.nextCursor
    if (cursor === null || jobs.length >= (limit ?? Number.POSITIVE_INFINITY)) {
      return { jobs, damaged, total: page.total }
    }
  }
}

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
