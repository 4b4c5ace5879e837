import type { Command } from 'commander'
import type { ModelView } from '../../spec/model.js'
import type { Cli } from '../cli.js'
import { parseCount, repeated } from '../option-values.js'
import { noteRest, queryPairs, readPages } from '../pages.js'
import { formatAge } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'
import { mainMetricOf } from './model-words.js'

interface ListOptions {
  limit: number
  where?: string[]
  sort?: string
  tag?: string[]
}

interface LsOptions extends ListOptions {
  model?: string
  dataset?: string
  alias?: string
  name?: string
}

const addListOptions = (command: Command, what: string): Command =>
  command
    .option('-n, --limit <count>', `how many ${what}`, parseCount, 50)
    .option(
      '--where <condition>',
      "on a field or metric, such as 'validationAccuracy>0.9'; repeat it for more",
      repeated,
    )
    .option('--sort <fields>', 'fields or metrics, with - before one for the highest first')
    .option('--tag <name:value>', `only ${what} with this tag; repeat it for more`, repeated)

/** `trainyard models ls`: the models of the server. */
export function addLs(group: Command, cli: Cli): void {
  const command = group
    .command('ls')
    .alias('list')
    .summary('list models')
    .description('List models, each in the version that its name serves.')
    .option('--model <kind>', 'only this kind: resnet, vgg or boosting')
    .option('--dataset <name>', 'only models that were trained on this data set')
    .option('--alias <alias>', 'only models with this alias, in the version that it names')
    .option('--name <beginning>', 'only models whose name begins so')
  addListOptions(command, 'models').action(async ({ limit, ...filters }: LsOptions) => {
    const client = await cli.client()
    const query = queryPairs({ ...filters })
    const page = await readPages(pairs => client.models.list(pairs), query, limit)
    const none =
      query.length > 0
        ? 'No model matches.'
        : 'No models. `trainyard submit` trains one; it is there when its job has succeeded.'
    cli.output.list(page.items, [nameColumn, ...columns], none)
    noteRest(page, 'model', cli.output)
  })
}

/** `trainyard models versions`: the versions of one model. */
export function addVersions(group: Command, cli: Cli): void {
  const command = group
    .command('versions')
    .summary('list the versions of a model')
    .description('List the versions of a model, the newest first.')
    .argument('<model>', 'its name')
  addListOptions(command, 'versions').action(
    async (model: string, { limit, ...filters }: ListOptions) => {
      const client = await cli.client()
      const read = (pairs: [string, string][]) => client.models.versions(model, pairs)
      const page = await readPages(read, queryPairs({ ...filters }), limit)
      cli.output.list(page.items, columns, 'No version matches.')
      noteRest(page, 'version', cli.output)
    },
  )
}

const nameColumn: Column<ModelView> = { title: 'MODEL', value: ({ id }) => id }

const columns: readonly Column<ModelView>[] = [
  { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
  { title: 'KIND', value: ({ model }) => model.kind, rank: 3 },
  { title: 'METRIC', value: mainMetricOf, rank: 1 },
  { title: 'ALIASES', value: ({ aliases }) => aliases.join(', '), rank: 2 },
  { title: 'STAGE', value: ({ stage }) => stage ?? '', rank: 6 },
  { title: 'DATA SET', value: ({ dataset }) => dataset.name, rank: 4 },
  { title: 'AGE', value: ({ createdAt }) => formatAge(createdAt), align: 'right', rank: 5 },
]
