import type { Command } from 'commander'
import { formatBytes, formatCount } from '../../presentation/units.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import type { Cli } from '../cli.js'
import { parseCount, repeated } from '../option-values.js'
import { noteRest, queryPairs, readPages } from '../pages.js'
import { formatAge } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'
import { bytesOf } from './describe-dataset.js'

interface LsOptions {
  limit: number
  kind?: string
  name?: string
  where?: string[]
  sort?: string
}

/** `trainyard datasets ls`: the newest data sets, or those that match. */
export function addLs(group: Command, cli: Cli): void {
  group
    .command('ls')
    .alias('list')
    .summary('list data sets')
    .description('List data sets, the newest first.')
    .option('-n, --limit <count>', 'how many data sets', parseCount, 50)
    .option('--kind <kind>', 'only images, or only tables: images, table')
    .option('--name <beginning>', 'only data sets whose name begins so')
    .option(
      '--where <condition>',
      "on a field, such as 'records>1000'; repeat it for more",
      repeated,
    )
    .option('--sort <fields>', 'fields, with - before one for the highest first: -records,name')
    .action(async ({ limit, ...filters }: LsOptions) => {
      const client = await cli.client()
      const query = queryPairs({ ...filters })
      const page = await readPages(pairs => client.datasets.list(pairs), query, limit)
      const none =
        query.length > 0
          ? 'No data set matches.'
          : 'No data sets. `trainyard datasets push FOLDER` makes one of a folder of images.'
      cli.output.list(page.items, columns, none)
      noteRest(page, 'data set', cli.output)
    })
}

const contentText = (dataset: DatasetManifest) =>
  dataset.kind === 'images'
    ? `${dataset.height}x${dataset.width}, ${dataset.labels.length} classes`
    : `${dataset.columns.length} columns${dataset.target === null ? '' : `, target ${dataset.target}`}`

const columns: readonly Column<DatasetManifest>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'KIND', value: ({ kind }) => kind, rank: 3 },
  { title: 'RECORDS', value: ({ records }) => formatCount(records), align: 'right' },
  { title: 'CONTENT', value: contentText, rank: 2 },
  { title: 'SIZE', value: dataset => formatBytes(bytesOf(dataset)), align: 'right', rank: 4 },
  { title: 'AGE', value: ({ createdAt }) => formatAge(createdAt), align: 'right', rank: 1 },
  { title: 'ID', value: ({ id }) => id, rank: 5 },
]
