import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { addAlias, addRollback } from './aliases.js'
import { addLs, addVersions } from './ls.js'
import { addPromote } from './promote.js'
import { addRm } from './rm.js'
import { addShow } from './show.js'

/** `trainyard models`: the commands about models and their versions. */
export function addModels(program: Command, cli: Cli): void {
  const group = program
    .command('models')
    .alias('model')
    .summary('list, show, promote and delete models')
    .description('List models and their versions, and say which version serves what.')
  addLs(group, cli)
  addShow(group, cli)
  addVersions(group, cli)
  addPromote(group, cli)
  addRollback(group, cli)
  addAlias(group, cli)
  addRm(group, cli)
}
