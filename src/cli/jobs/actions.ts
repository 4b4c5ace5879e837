import type { Command } from 'commander'
import type { Client } from '../../client/client.js'
import type { JobOutcome, JobOutcomes, JobVerb } from '../../spec/job-actions.js'
import type { JobSelection } from '../../spec/job-queries.js'
import type { Cli } from '../cli.js'
import { confirm } from '../confirm.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError, usageError } from '../failure.js'
import { countOf } from '../terminal/format.js'
import { findJobs, jobArgument } from './find-job.js'
import {
  addSelectionOptions,
  type SelectionOptions,
  selectionOf,
  selectionPairs,
} from './selection.js'

interface ActionOptions extends SelectionOptions {
  yes?: boolean
}

interface Action {
  verb: JobVerb
  command: string
  summary: string
  description: string
  /** Jobs that it changes; of those, a selection without states takes all. */
  statuses: readonly string[]
  /** What is said of a job that was changed. */
  done: (outcome: JobOutcome) => string
}

const actions: readonly Action[] = [
  {
    verb: 'cancel',
    command: 'cancel',
    summary: 'end jobs that run or wait',
    description: 'Cancel jobs. A running job saves a checkpoint first, so `retry` can go on.',
    statuses: ['queued', 'running', 'paused'],
    done: ({ requested }) =>
      requested === 'cancel' ? 'is being cancelled; it saves a checkpoint first' : 'cancelled',
  },
  {
    verb: 'pause',
    command: 'pause',
    summary: 'pause jobs',
    description: 'Pause jobs. A running job saves a checkpoint and frees its slot.',
    statuses: ['queued', 'running'],
    done: ({ requested }) =>
      requested === 'pause' ? 'is being paused; it saves a checkpoint first' : 'paused',
  },
  {
    verb: 'resume',
    command: 'resume',
    summary: 'let paused jobs go on',
    description: 'Let paused jobs go on from their last checkpoint.',
    statuses: ['paused'],
    done: ({ status }) => status ?? 'resumed',
  },
  {
    verb: 'retry',
    command: 'retry',
    summary: 'let failed or cancelled jobs go on',
    description: 'Let failed or cancelled jobs go on from their last checkpoint.',
    statuses: ['failed', 'cancelled'],
    done: ({ status }) => status ?? 'queued again',
  },
  {
    verb: 'delete',
    command: 'rm',
    summary: 'remove jobs that have ended',
    description:
      'Remove jobs that have ended, with their metrics, logs and checkpoints. Models stay.',
    statuses: ['paused', 'succeeded', 'failed', 'cancelled'],
    done: () => 'removed',
  },
]

/** `trainyard cancel`, `pause`, `resume`, `retry` and `rm`: for jobs that are named, or that match. */
export function addJobActions(program: Command, cli: Cli): void {
  for (const action of actions) {
    const command = program
      .command(action.command)
      .argument('[jobs...]', jobArgument)
      .summary(action.summary)
      .description(action.description)
    if (action.verb === 'delete') command.alias('delete')
    addSelectionOptions(command)
      .option('-y, --yes', 'do not ask before jobs are changed that were not named')
      .action((references: string[], options: ActionOptions) =>
        perform(cli, action, references, options),
      )
  }
}

async function perform(
  cli: Cli,
  action: Action,
  references: readonly string[],
  options: ActionOptions,
): Promise<void> {
  const selection = selectionOf(options)
  if (references.length > 0 && selection !== null) {
    throw usageError('name jobs, or give conditions such as --label, but not both')
  }
  if (references.length === 0 && selection === null) {
    throw usageError(
      `which jobs? Name them (trainyard ${action.command} JOB), or give conditions such as --label team=vision`,
    )
  }
  const client = await cli.client()
  const outcomes =
    selection === null
      ? await forNamed(cli, client, action.verb, references)
      : await forMatching(cli, client, action, { ...options, selection })
  report(cli, action, outcomes)
}

async function forNamed(
  cli: Cli,
  client: Client,
  verb: JobVerb,
  references: readonly string[],
): Promise<JobOutcomes> {
  const jobs = await findJobs(cli, client, references)
  return client.jobs.actOnMany({ action: verb, ids: jobs.map(({ id }) => id) })
}

async function forMatching(
  cli: Cli,
  client: Client,
  { verb, command, statuses }: Action,
  options: ActionOptions & { selection: JobSelection },
): Promise<JobOutcomes> {
  if (!options.yes) {
    const matching = selectionPairs({ status: [...statuses], ...options })
    const { total } = await client.jobs.list([...matching, ['limit', '1']])
    if (total > 0) await confirm(cli, `${command} ${countOf(total, 'job')}?`)
  }
  return client.jobs.actOnMany({ action: verb, selection: options.selection })
}

function report({ output }: Cli, action: Action, outcomes: JobOutcomes): void {
  if (output.isJson) output.line(JSON.stringify(outcomes, null, 2))
  else {
    for (const outcome of outcomes.items) {
      if (outcome.problem === null) output.line(`${outcome.id}  ${action.done(outcome)}`)
    }
  }
  if (outcomes.items.length === 0) output.note('No job matches.')
  if (outcomes.more) output.note('More jobs match; run the command again for the next 1000.')
  const problems = outcomes.items.flatMap(({ id, problem }) => (problem ? [{ id, problem }] : []))
  if (problems.length === 0) return
  const lines = problems.map(({ id, problem }) => `${id}: ${problem.detail} (${problem.code})`)
  const isMissing = problems.every(({ problem }) => problem.status === 404)
  throw new CommandError(lines.join('\n'), isMissing ? exitCodes.notFound : exitCodes.refused)
}
