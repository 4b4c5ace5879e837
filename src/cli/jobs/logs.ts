import type { Command } from 'commander'
import type { Client } from '../../client/client.js'
import type { LogLine, LogPage } from '../../spec/job-log.js'
import type { Cli } from '../cli.js'
import { parseCount } from '../option-values.js'
import { formatClock } from '../terminal/format.js'
import { printable } from '../terminal/printable.js'
import { findJob, jobArgument } from './find-job.js'
import { followOptions } from './watch-job.js'

interface LogsOptions {
  follow?: boolean
  tail?: number
  attempt?: number
  timestamps?: boolean
}

/** `trainyard logs`: what happened to a job, and what its trainer printed. */
export function addLogs(program: Command, cli: Cli): void {
  program
    .command('logs')
    .argument('<job>', jobArgument)
    .summary('print the log of a job')
    .description("Print a job's log: its attempts, checkpoints, and what its trainer printed.")
    .option('-f, --follow', 'wait for new lines until the job ends; Ctrl-C leaves it running')
    .option('-n, --tail <count>', 'only the last lines', parseCount)
    .option('--attempt <number>', 'only lines of this attempt', parseCount)
    .option('-t, --timestamps', 'with the date, in UTC')
    .action(async (reference: string, options: LogsOptions) => {
      const client = await cli.client()
      const { id } = await findJob(cli, client, reference)
      const print = (line: LogLine) =>
        cli.output.event(line, each => logText(each, options.timestamps === true))
      if (options.follow) await follow(cli, client, id, options, print)
      else for await (const line of allLines(client, id, options)) print(line)
    })
}

/** A trainer prints what it likes; a terminal gets its text, and none of its control characters. */
const logText = ({ time, line }: LogLine, isFull: boolean) =>
  `${isFull ? time : formatClock(time)}  ${printable(line.replaceAll('\t', '    '))}`

async function follow(
  cli: Cli,
  client: Client,
  id: string,
  { tail, attempt }: LogsOptions,
  print: (line: LogLine) => void,
): Promise<void> {
  try {
    for await (const line of client.jobs.followLogs(id, { tail, attempt }, followOptions(cli))) {
      print(line)
    }
  } catch (error) {
    if (cli.interrupted.aborted) {
      cli.output.note(`The job goes on. Follow its log again: trainyard logs -f ${id}`)
    }
    throw error
  }
}

async function* allLines(
  client: Client,
  id: string,
  { tail, attempt }: LogsOptions,
): AsyncGenerator<LogLine> {
  let cursor: string | null = null
  do {
    const start = cursor === null ? { tail } : { cursor }
    const page: LogPage = await client.jobs.logs(id, { attempt, ...start })
    yield* page.items
    cursor = page.nextCursor
  } while (cursor !== null)
}
