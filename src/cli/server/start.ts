import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { dataOption, portOption, type ServerOptions, settingsOf } from './server-options.js'

/** `trainyard start`: the server in this terminal, as `npm start`. */
export function addStart(program: Command, cli: Cli): void {
  program
    .command('start')
    .summary('run the server in this terminal, until Ctrl-C')
    .description(
      'Runs the server in this terminal, until Ctrl-C. Running jobs continue at the next start. Its settings are environment variables, which the README lists.',
    )
    .addOption(portOption())
    .addOption(dataOption())
    .action((options: ServerOptions) =>
      cli.become('src/supervisor/start', { settings: settingsOf(options, cli.environment) }),
    )
}
