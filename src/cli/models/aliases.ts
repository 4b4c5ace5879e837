import type { Command } from 'commander'
import type { ModelAlias } from '../../spec/model-alias.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'
import { parseCount } from '../option-values.js'
import { formatAge } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'

/** `trainyard models rollback`: lets an alias name what it named before. */
export function addRollback(group: Command, cli: Cli): void {
  group
    .command('rollback')
    .summary('let an alias name what it named before')
    .description('Let an alias name the version that it named before.')
    .argument('<model>', 'its name')
    .option('--alias <alias>', 'the alias to move back', 'production')
    .option('--reason <text>', 'why, for the history')
    .action(async (model: string, { alias, reason }: { alias: string; reason?: string }) => {
      const client = await cli.client()
      const request = reason === undefined ? {} : { reason }
      const moved = await client.aliases.rollBack(model, alias, request)
      cli.output.result(moved, ({ version }) => `${model}@${alias} is version ${version}`)
    })
}

interface AliasOptions {
  rm?: boolean
  reason?: string
}

/** `trainyard models alias`: lists, sets and removes aliases. */
export function addAlias(group: Command, cli: Cli): void {
  group
    .command('alias')
    .summary('list, set and remove aliases')
    .description('List the aliases of a model, set one to a version, or remove one.')
    .argument('<model>', 'its name')
    .argument('[alias]', 'the alias to set or remove')
    .argument('[version]', 'the version that it shall name', parseCount)
    .option('--rm', 'remove the alias')
    .option('--reason <text>', 'why, for the history')
    .action(
      async (
        model: string,
        alias: string | undefined,
        version: number | undefined,
        { rm, reason }: AliasOptions,
      ) => {
        const client = await cli.client()
        const why = reason === undefined ? {} : { reason }
        if (alias === undefined) {
          const { items } = await client.aliases.list(model)
          cli.output.list(items, columns, 'No aliases. `trainyard models promote` sets one.')
        } else if (rm) {
          await client.aliases.delete(model, alias, why)
          cli.output.result({ alias, removed: true }, () => `removed ${model}@${alias}`)
        } else if (version !== undefined) {
          const set = await client.aliases.put(model, alias, { version, ...why })
          cli.output.result(set, each => `${model}@${alias} is version ${each.version}`)
        } else {
          throw usageError(`give the version that '${alias}' shall name, or --rm to remove it`)
        }
      },
    )
}

const columns: readonly Column<ModelAlias>[] = [
  { title: 'ALIAS', value: ({ alias }) => alias },
  { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
  { title: 'BEFORE', value: ({ previous }) => previous.slice(-5).join(', '), rank: 2 },
  { title: 'AGE', value: ({ at }) => formatAge(at), align: 'right', rank: 1 },
  { title: 'REASON', value: ({ reason }) => reason ?? '', rank: 3 },
]
