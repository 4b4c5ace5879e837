import type { Command } from 'commander'
import { formatBytes } from '../../presentation/units.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'
import { parseCount } from '../option-values.js'
import { chooseModel } from './version-options.js'

interface RmOptions {
  all?: boolean
  aliases?: boolean
  moveAliasesTo?: number
}

/** `trainyard models rm`: deletes one version, or all. */
export function addRm(group: Command, cli: Cli): void {
  group
    .command('rm')
    .summary('delete a version, or a model')
    .description('Delete a version of a model, or with --all the model.')
    .argument('<model>', 'its name, or digits@3')
    .argument('[version]', 'the version', parseCount)
    .option('--all', 'delete all versions')
    .option('--aliases', 'delete the aliases that lead to it, too')
    .option('--move-aliases-to <version>', 'let them name this version first', parseCount)
    .action(async (text: string, version: number | undefined, options: RmOptions) => {
      const flags = version === undefined ? {} : { modelVersion: version }
      const { model, query } = chooseModel(text, flags)
      if (query.alias !== undefined) {
        throw usageError(`name the version to delete by its number, not by '${query.alias}'`)
      }
      if ((query.version === undefined) === !options.all) {
        throw usageError(`name a version to delete, as ${model}@3, or --all for all of them`)
      }
      const client = await cli.client()
      const removed = await client.models.delete(model, {
        ...query,
        ...(options.aliases && { aliases: 'delete' }),
        ...(options.moveAliasesTo !== undefined && { moveAliasesTo: options.moveAliasesTo }),
      })
      cli.output.result(removed, ({ versions, freedBytes, aliases }) =>
        [
          `deleted ${model} version ${versions.join(', ')}: ${formatBytes(freedBytes)} are free again`,
          ...aliases.map(
            ({ alias, to }) => `  ${alias}: ${to === null ? 'deleted' : `names version ${to}`}`,
          ),
        ].join('\n'),
      )
    })
}
