import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { findJob, jobArgument } from './find-job.js'
import { watchJob } from './watch-job.js'

/** `trainyard watch`: a job until its end. */
export function addWatch(program: Command, cli: Cli): void {
  program
    .command('watch')
    .argument('<job>', jobArgument)
    .summary('follow a job until it ends, with its curves')
    .description(
      'Follow a job until it ends: live with its curves on a terminal, elsewhere a line for each change. Ends with 7 if the job failed and with 8 if it was cancelled. Ctrl-C leaves it running.',
    )
    .action(async (reference: string) => {
      const client = await cli.client()
      await watchJob(cli, client, await findJob(cli, client, reference))
    })
}
