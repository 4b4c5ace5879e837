import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { dataOption, type ServerOptions, settingsOf } from './server-options.js'

/** `trainyard backup FOLDER`, as `npm run backup`. */
export function addBackup(program: Command, cli: Cli): void {
  program
    .command('backup')
    .argument('<folder>', 'a new folder for the copy')
    .summary('copy the data folder of a server, which may run')
    .addOption(dataOption())
    .action((folder: string, options: ServerOptions) =>
      cli.become('src/supervisor/backup', {
        settings: settingsOf(options, cli.environment),
        args: [resolve(folder)],
      }),
    )
}
