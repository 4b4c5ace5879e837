import type { Command } from 'commander'
import type { Job } from '../../spec/job.js'
import type { Cli } from '../cli.js'
import type { Column } from '../terminal/table.js'

/** `trainyard ls`: the newest jobs. */
export function addLs(program: Command, cli: Cli): void {
  program
    .command('ls')
    .summary('list jobs, the newest first')
    .option('-n, --limit <count>', 'how many jobs', '20')
    .option('--status <status>', 'only jobs in this state, such as running')
    .action(async ({ limit, status }: { limit: string; status?: string }) => {
      const client = await cli.client()
      const { items } = await client.jobs({ limit, ...(status !== undefined && { status }) })
      cli.output.list(items, columns, 'No jobs. `trainyard submit` makes one.')
    })
}

const columns: readonly Column<Job>[] = [
  { title: 'JOB', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'STATUS', value: ({ status }) => status },
]
