import type { Command } from 'commander'
import type { Cli } from '../cli.js'

/** `trainyard datasets rm`: deletes data sets. */
export function addRm(group: Command, cli: Cli): void {
  group
    .command('rm')
    .summary('delete data sets')
    .description(
      'Delete data sets. A name deletes the data set that it names; jobs that wait for it or train on it prevent that.',
    )
    .argument('<dataset...>', 'names or ids')
    .action(async (ids: string[]) => {
      const client = await cli.client()
      const deleted: string[] = []
      for (const id of ids) {
        await client.datasets.delete(id)
        deleted.push(id)
        if (!cli.output.isJson) cli.output.line(`deleted ${id}`)
      }
      if (cli.output.isJson) cli.output.line(JSON.stringify(deleted, null, 2))
    })
}
