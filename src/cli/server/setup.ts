import type { Command } from 'commander'
import type { Cli } from '../cli.js'

/** `trainyard setup`, as `npm run setup`: bin/trainyard.mjs has done it before this runs. */
export function addSetup(program: Command, cli: Cli): void {
  program
    .command('setup')
    .summary('install what a server needs: packages, engine, Redis; `start` does it, too')
    .action(() => cli.output.note('Everything is set up. `trainyard start` starts the server.'))
}
