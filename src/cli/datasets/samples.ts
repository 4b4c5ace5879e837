import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Client } from '../../client/client.js'
import { missing } from '../../presentation/units.js'
import type { ImageSample, RowSample } from '../../spec/dataset-preview.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'
import { parseCount, repeated } from '../option-values.js'
import { queryPairs } from '../pages.js'
import { countOf, formatMetric } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'

interface SamplesOptions {
  limit: number
  class?: string
  split?: string
  column?: string[]
  from?: string
  output?: string
}

/** `trainyard datasets samples`: some images or rows. */
export function addSamples(group: Command, cli: Cli): void {
  group
    .command('samples')
    .summary('show rows, or save images')
    .description('Show rows of a table, or list images and save them to a folder.')
    .argument('<dataset>', 'its name or id')
    .option('-n, --limit <count>', 'how many images or rows, up to 1000', parseCount, 20)
    .option('--class <name>', 'images of this class only')
    .option('--split <name>', 'records of this split only')
    .option('--column <name>', 'of a table, this column; repeat it for more', repeated)
    .option('--from <index>', 'begin at this record')
    .option('-o, --output <folder>', 'save the images here, in a folder for each class')
    .action(async (id: string, { output: folder, limit, ...filters }: SamplesOptions) => {
      const client = await cli.client()
      const query = queryPairs({ ...filters, limit: String(Math.min(limit, 1000)) })
      const page = await client.datasets.samples(id, query)
      if (page.kind === 'table') {
        if (folder !== undefined) {
          throw usageError(`'${id}' is a table; \`trainyard datasets pull\` writes it to a file`)
        }
        cli.output.list(page.items, rowColumns(page.items), 'No row matches.')
        if (page.textColumns.length > 0) {
          cli.output.note(`not stored, since they are text: ${page.textColumns.join(', ')}`)
        }
        return
      }
      cli.output.list(page.items, imageColumns, 'No image matches.')
      if (folder !== undefined) await saveImages(cli, client, id, folder, page.items)
    })
}

const imageColumns: readonly Column<ImageSample>[] = [
  { title: 'INDEX', value: ({ index }) => String(index), align: 'right' },
  { title: 'CLASS', value: each => each.class },
  { title: 'SPLIT', value: ({ split }) => split ?? missing, rank: 2 },
  { title: 'SIZE', value: ({ height, width }) => `${height}x${width}`, rank: 1 },
  { title: 'SOURCE', value: ({ source }) => source ?? missing, rank: 3 },
]

function rowColumns(items: readonly RowSample[]): Column<RowSample>[] {
  const names = [...new Set(items.flatMap(({ row }) => Object.keys(row)))]
  const hasSplits = items.some(({ split }) => split !== null)
  return [
    { title: 'ROW', value: ({ index }) => String(index), align: 'right' },
    ...(hasSplits ? [{ title: 'SPLIT', value: ({ split }: RowSample) => split ?? missing }] : []),
    ...names.map((name, i): Column<RowSample> => {
      const isNumber = items.every(({ row }) => typeof row[name] !== 'string')
      return {
        title: name,
        value: ({ row }) => cellText(row[name]),
        ...(isNumber && { align: 'right' as const }),
        // the last columns give way first
        rank: i + 1,
      }
    }),
  ]
}

const cellText = (value: unknown) => {
  if (value === null || value === undefined) return missing
  return typeof value === 'number' ? formatMetric(value) : String(value)
}

const endingOf: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpg' }

/** Names of classes come from others: none leads out of the folder. */
const folderName = (name: string) => name.replace(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^\.+/, '_')

async function saveImages(
  cli: Cli,
  client: Client,
  id: string,
  folder: string,
  items: readonly ImageSample[],
): Promise<void> {
  for (const { index, class: label } of items) {
    cli.interrupted.throwIfAborted()
    const image = await client.datasets.image(id, index)
    const own = join(folder, folderName(label))
    await mkdir(own, { recursive: true })
    const path = join(own, `${index}.${endingOf[image.type] ?? 'png'}`)
    await writeFile(path, Buffer.from(await image.arrayBuffer()))
  }
  cli.output.note(`saved ${countOf(items.length, 'image')} to ${folder}`)
}
