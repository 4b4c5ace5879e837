import type { Client } from '../../client/client.js'
import type { FollowOptions } from '../../client/events.js'
import type { Job } from '../../spec/job.js'
import type { Cli } from '../cli.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { LiveWatch } from './live-watch.js'
import { QueuePolls } from './queue-polls.js'
import { WatchLines } from './watch-lines.js'

/**
 * Follows a job until it has ended. A terminal shows it live, with its curves; elsewhere each change is a line.
 * Throws with the exit code of the end if the job failed or was cancelled. Ctrl-C leaves the job running.
 */
export async function watchJob(cli: Cli, client: Client, job: Job): Promise<void> {
  const follow = cli.isLive ? watchLive : cli.output.isJson ? watchEvents : watchLines
  try {
    assertSucceeded(await follow(cli, client, job))
  } catch (error) {
    if (cli.interrupted.aborted) {
      cli.output.note(`The job goes on. Follow it again: trainyard watch ${job.id}`)
    }
    throw error
  }
}

function assertSucceeded({ id, name, status, failure }: Job): void {
  if (status === 'failed') {
    const reason = failure ? `: ${failure.message} (${failure.code})\n${failure.help}` : ''
    throw new CommandError(`${name} (${id}) failed${reason}`, exitCodes.jobFailed)
  }
  if (status === 'cancelled') {
    throw new CommandError(`${name} (${id}) was cancelled`, exitCodes.jobCancelled)
  }
}

async function watchLive(cli: Cli, client: Client, job: Job): Promise<Job> {
  const watch = new LiveWatch(cli, client, job)
  return watch.run()
}

/** Each event of the stream as a line of JSON. */
async function watchEvents(cli: Cli, client: Client, job: Job): Promise<Job> {
  let latest = job
  let lastSent = ''
  for await (const { event, data } of client.jobs.follow(job.id, followOptions(cli))) {
    if (event === 'job') {
      // a stream that is opened again sends the job again
      const text = JSON.stringify(data)
      if (text === lastSent) continue
      lastSent = text
      latest = data
    }
    cli.output.event({ event, data }, () => '')
  }
  return latest
}

async function watchLines(cli: Cli, client: Client, job: Job): Promise<Job> {
  const lines = new WatchLines(job)
  const print = (line: string | null) => {
    if (line !== null) cli.output.line(line)
  }
  print(lines.stateLine(job))
  let latest = job
  const queue = new QueuePolls(client, job.id, waiting => print(lines.stateLine(waiting)))
  queue.start(job)
  try {
    for await (const event of client.jobs.follow(job.id, followOptions(cli))) {
      if (event.event === 'job') {
        latest = event.data
        queue.start(latest)
      }
      print(lines.lineOf(event))
    }
  } finally {
    queue.stop()
  }
  return latest
}

/** Says once that the connection is lost, and once that it is back. */
export function followOptions({ interrupted, output }: Cli): FollowOptions {
  let isLost = false
  return {
    signal: interrupted,
    onLost: () => {
      if (!isLost) output.note('The connection to the server is lost; trying again …')
      isLost = true
    },
    onBack: () => {
      isLost = false
      output.note('Connected again; nothing is missing.')
    },
  }
}
