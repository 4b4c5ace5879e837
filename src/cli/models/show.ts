import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { describeModel } from './describe-model.js'
import { addVersionOptions, chooseModel, type VersionFlags } from './version-options.js'

/** `trainyard models show`: the card of a model. */
export function addShow(group: Command, cli: Cli): void {
  const command = group
    .command('show')
    .summary('show all about a model')
    .description('Show where a model is from, how good it is, and what it takes.')
    .argument('<model>', 'its name, if wanted with a version or alias: digits@3, digits@production')
  addVersionOptions(command).action(async (text: string, flags: VersionFlags) => {
    const client = await cli.client()
    const { model, query } = chooseModel(text, flags)
    const { output } = cli
    output.result(await client.models.get(model, query), found => describeModel(found, output))
  })
}
