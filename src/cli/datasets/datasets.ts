import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { addDiff } from './diff.js'
import { addLs } from './ls.js'
import { addPull } from './pull.js'
import { addPush } from './push.js'
import { addRm } from './rm.js'
import { addSamples } from './samples.js'
import { addShow } from './show.js'

/** `trainyard datasets`: the commands about data sets. */
export function addDatasets(program: Command, cli: Cli): void {
  const group = program
    .command('datasets')
    .alias('dataset')
    .summary('push, look at, compare and pull data sets')
    .description('Push data sets to the server, look at them, and pull them back.')
  addPush(group, cli)
  addLs(group, cli)
  addShow(group, cli)
  addSamples(group, cli)
  addDiff(group, cli)
  addPull(group, cli)
  addRm(group, cli)
}
