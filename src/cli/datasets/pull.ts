import type { Command } from 'commander'
import { formatBytes } from '../../presentation/units.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'
import { assertFree, saveBody } from '../files/save.js'

const endings = {
  tfrecord: 'tar',
  folders: 'zip',
  csv: 'csv',
  parquet: 'parquet',
  arrow: 'arrow',
} as const
type Format = keyof typeof endings

interface PullOptions {
  format?: string
  output?: string
  force?: boolean
}

/** `trainyard datasets pull`: a data set as one file. */
export function addPull(group: Command, cli: Cli): void {
  group
    .command('pull')
    .summary('download a data set')
    .description('Download a data set as one file.')
    .argument('<dataset>', 'its name or id')
    .option(
      '-f, --format <format>',
      'images: folders (a zip with a folder for each class, the default) or tfrecord (a tar); tables: csv (the default), parquet or arrow',
    )
    .option(
      '-o, --output <file>',
      'where to write it, - for stdout; by default NAME with the ending',
    )
    .option('--force', 'replace a file that is there')
    .action(async (id: string, { format: named, output, force = false }: PullOptions) => {
      const client = await cli.client()
      const dataset = await client.datasets.get(id)
      const format = parseFormat(named ?? (dataset.kind === 'images' ? 'folders' : 'csv'))
      const path = output ?? `${dataset.name}.${endings[format]}`
      await assertFree(path, { force })
      const answer = await client.datasets.download(dataset.id, format, {
        signal: cli.interrupted,
      })
      const texts = answer.headers.get('text-columns')
      if (texts !== null) {
        const names = (JSON.parse(texts) as string[]).join(', ')
        cli.output.note(`columns of text are not stored, so the file has no ${names}`)
      }
      const bytes = await saveBody(cli, answer, path, { force })
      if (path === '-') return
      const result = { dataset: dataset.id, format, file: path, bytes }
      cli.output.result(result, () => `${path} (${formatBytes(bytes)})`)
    })
}

function parseFormat(format: string): Format {
  if (format in endings) return format as Format
  throw usageError(`--format is '${format}', expected ${Object.keys(endings).join(', ')}`)
}
