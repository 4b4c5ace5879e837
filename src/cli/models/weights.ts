import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import type { Client } from '../../client/client.js'
import { unreadable } from '../../client/local/content.js'
import { formatBytes, formatCount } from '../../presentation/units.js'
import type { WeightsSummary } from '../../spec/weights.js'
import type { Cli } from '../cli.js'
import { nameFrom } from '../datasets/push-plan.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError, usageError } from '../failure.js'
import { parseCount } from '../option-values.js'
import { noteRest, readPages } from '../pages.js'
import { countOf, formatAge } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'

interface PushFlags {
  name?: string
  normalize?: string
}

/** `trainyard weights`: TensorFlow checkpoints from which jobs can start. */
export function addWeights(program: Command, cli: Cli): void {
  const group = program
    .command('weights')
    .summary('push TensorFlow checkpoints from which jobs can start')
    .description('Push TensorFlow checkpoints from which jobs can start.')
  group
    .command('push')
    .summary('send a checkpoint')
    .description('Send a TensorFlow checkpoint from which jobs can start.')
    .argument('<file...>', 'its .index file and all .data files, or the one file of the V1 format')
    .option('-n, --name <name>', 'the name of the weights; by default that of the file')
    .option(
      '--normalize <how>',
      'how the images that they learnt from were normalized: caffe, inception, torchvision, or mean and std as JSON',
    )
    .action(async (files: string[], { name, normalize }: PushFlags) => {
      const client = await cli.client()
      const contents = await Promise.all(
        files.map(async file => ({
          name: basename(file),
          content: await openAsBlob(file).catch(error => Promise.reject(unreadable(file, error))),
        })),
      )
      const bytes = contents.reduce((sum, { content }) => sum + content.size, 0)
      cli.output.note(`sending ${countOf(files.length, 'file')}, ${formatBytes(bytes)}`)
      const stored = await client.weights.upload(name ?? nameFrom(files[0]!), contents, {
        signal: cli.interrupted,
        ...(normalize !== undefined && { normalize }),
      })
      cli.output.result(
        stored,
        ({ id, name: own, tensors }) => `${own}  ${id}: ${countOf(tensors.length, 'tensor')}`,
      )
      cli.output.note(`Start from them: trainyard submit --set initFrom.weights=${stored.id} …`)
    })
  group
    .command('ls')
    .alias('list')
    .summary('list uploaded weights')
    .description('List uploaded weights.')
    .option('-n, --limit <count>', 'how many', parseCount, 50)
    .action(async ({ limit }: { limit: number }) => {
      const client = await cli.client()
      const page = await readPages(pairs => client.weights.list(pairs), [], limit)
      cli.output.list(page.items, columns, 'No weights. `trainyard weights push` sends some.')
      noteRest(page, 'checkpoint', cli.output)
    })
  group
    .command('rm')
    .summary('delete uploaded weights')
    .description('Delete uploaded weights.')
    .argument('<weights>', 'their name or id')
    .action(async (name: string) => {
      const client = await cli.client()
      const id = await findWeights(client, name)
      await client.weights.delete(id)
      cli.output.result({ deleted: id }, () => `deleted ${name}`)
    })
}

/** The API names weights by their id alone, and several may have one name. */
async function findWeights(client: Client, name: string): Promise<string> {
  if (/^wt-[0-9a-f]{16}$/.test(name)) return name
  const { items } = await client.weights.list({ name })
  const [found, ...others] = items.filter(each => each.name === name)
  if (found && others.length === 0) return found.id
  if (found) {
    const ids = [found, ...others].map(({ id }) => id).join(', ')
    throw usageError(`several weights are called '${name}'; name one by its id: ${ids}`)
  }
  const message = `there are no weights '${name}'; \`trainyard weights ls\` lists them`
  throw new CommandError(message, exitCodes.notFound)
}

const columns: readonly Column<WeightsSummary>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'TENSORS', value: ({ tensors }) => formatCount(tensors), align: 'right' },
  { title: 'SIZE', value: ({ bytes }) => formatBytes(bytes), align: 'right', rank: 1 },
  { title: 'AGE', value: ({ createdAt }) => formatAge(createdAt), align: 'right', rank: 2 },
  { title: 'ID', value: ({ id }) => id, rank: 3 },
]
