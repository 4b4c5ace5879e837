import { type Command, Option } from 'commander'
import type { JobStatus } from '../../spec/job.js'
import type { JobSelection } from '../../spec/job-queries.js'
import { usageError } from '../failure.js'
import { parseLabels, repeated } from '../option-values.js'

export interface SelectionOptions {
  status?: string[]
  label?: string[]
  model?: string
  dataset?: string
  name?: string
}

const statuses = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled']

/** The options by which a command takes the jobs that match all of them. */
export function addSelectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--status <status>',
        `only jobs in this state: ${statuses.join(', ')}; repeat it for more states`,
      ).argParser(parseStatuses),
    )
    .option(
      '--label <name=value>',
      'only jobs with this label; repeat it for jobs with all',
      repeated,
    )
    .option('--model <kind>', 'only jobs of this kind of model: resnet, vgg or boosting')
    .option('--dataset <name>', 'only jobs on this data set, by name or id')
    .option('--name <beginning>', 'only jobs whose name begins so')
}

function parseStatuses(text: string, before: string[] = []): string[] {
  const named = text.split(',')
  const unknown = named.find(status => !statuses.includes(status))
  if (unknown !== undefined) {
    throw usageError(`'${unknown}' is no state of a job; expected ${statuses.join(', ')}`)
  }
  return [...before, ...named]
}

/** As the query of a list. */
export function selectionPairs(options: SelectionOptions): [string, string][] {
  const { status = [], label = [], model, dataset, name } = options
  const single = Object.entries({ model, dataset, name })
  return [
    ...status.map((each): [string, string] => ['status', each]),
    ...Object.entries(parseLabels(label)).map(([key, value]): [string, string] => [
      'label',
      `${key}:${value}`,
    ]),
    ...single.filter((pair): pair is [string, string] => pair[1] !== undefined),
  ]
}

/** As the body of a request; null if no option is given. */
export function selectionOf(options: SelectionOptions): JobSelection | null {
  const { status, label, model, dataset, name } = options
  const selection: JobSelection = {
    ...(status && { status: status as JobStatus[] }),
    ...(label && { labels: parseLabels(label) }),
    ...(model !== undefined && { model }),
    ...(dataset !== undefined && { dataset }),
    ...(name !== undefined && { name }),
  }
  return Object.keys(selection).length > 0 ? selection : null
}
