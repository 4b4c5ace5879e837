import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { isUnicodeTerminal } from '../terminal/unicode.js'
import { findJob, jobArgument } from './find-job.js'
import { jobDetails } from './job-details.js'

/** `trainyard show`: all about one job. */
export function addShow(program: Command, cli: Cli): void {
  program
    .command('show')
    .argument('<job>', jobArgument)
    .summary('show all about a job')
    .description('Show a job: its state, metrics, checkpoints, failure with its cure, and model.')
    .action(async (reference: string) => {
      const client = await cli.client()
      const job = await findJob(cli, client, reference)
      const { output } = cli
      if (output.isJson) return output.result(job, () => '')
      const { items } = await client.jobs.checkpoints(job.id)
      output.line(jobDetails(job, items, output, isUnicodeTerminal(cli.environment)))
    })
}
