import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { dataOption, type ServerOptions, settingsOf } from './server-options.js'

const isBucket = (place: string) => place.startsWith('s3://')

/** `trainyard store copy FROM TO`. */
export function addStore(program: Command, cli: Cli): void {
  const store = program
    .command('store')
    .summary('move the record of a server between a folder and a bucket')
    .description('Commands for the store, which has the record of all jobs, data sets and models.')
  store
    .command('copy')
    .argument('<from>', 'a data folder, or s3://BUCKET/PREFIX')
    .argument('<to>', 'a new place for the copy')
    .summary('copy a store, from or to a bucket')
    .description(
      'Copies all jobs, data sets, models and weights, and compares each with the original. No server may use either place. Run it again after an interruption: it goes on. A server refuses a copy that is not complete. API keys, the secret of webhooks, unfinished uploads and kept samples of predictions stay in the data folder.',
    )
    .addOption(dataOption())
    .action((from: string, to: string, options: ServerOptions) =>
      cli.become('src/supervisor/copy-store', {
        settings: settingsOf(options, cli.environment),
        args: [from, to].map(place => (isBucket(place) ? place : resolve(place))),
      }),
    )
}
