import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { describeDataset } from './describe-dataset.js'

/** `trainyard datasets show`: what a data set has, and what the server inferred. */
export function addShow(group: Command, cli: Cli): void {
  group
    .command('show')
    .summary('show all about a data set')
    .description('Show the classes or columns of a data set, and what the server noted.')
    .argument('<dataset>', 'its name or id')
    .action(async (id: string) => {
      const client = await cli.client()
      const { output } = cli
      output.result(await client.datasets.get(id), dataset => describeDataset(dataset, output))
    })
}
