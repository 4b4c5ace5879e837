import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { dataFolder } from '../data-folder.js'
import { dataOption } from './server-options.js'

/** `trainyard demo`, as `npm run demo`. */
export function addDemo(program: Command, cli: Cli): void {
  program
    .command('demo')
    .summary('train a network on handwritten digits and let it predict, in two minutes')
    .description(
      'Starts a server of its own, trains a network on MNIST (70,000 handwritten digits) and lets it predict ten. Leaves nothing behind without --keep.',
    )
    .option('--keep', 'keep its data sets and model for `trainyard start`')
    .addOption(dataOption())
    .action(({ keep, data }: { keep?: boolean; data?: string }) =>
      cli.become('demo/demo', {
        settings: { TRAINYARD_DATA: dataFolder(cli.environment) },
        args: [
          '--command-line',
          ...(keep ? ['--keep'] : []),
          ...(data === undefined ? [] : ['--data', data]),
        ],
      }),
    )
}
