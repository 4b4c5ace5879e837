import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { unreadable } from '../../client/local/content.js'
import type { WeightsSummary } from '../../spec/weights.js'
import type { Cli } from '../cli.js'
import { nameFrom } from '../datasets/push-plan.js'
import { parseCount } from '../option-values.js'
import { noteRest, readPages } from '../pages.js'
import { countOf, formatAge, formatBytes, formatCount } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'

interface PushFlags {
  name?: string
  normalize?: string
}

/** `trainyard weights`: TensorFlow checkpoints from which jobs can start. */
export function addWeights(program: Command, cli: Cli): void {
  const group = program
    .command('weights')
    .description('Push TensorFlow checkpoints from which jobs can start.')
  group
    .command('push')
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
      cli.output.note(`Start from them: trainyard submit --set initFrom.weights=${stored.name} …`)
    })
  group
    .command('ls')
    .alias('list')
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
    .description('Delete uploaded weights.')
    .argument('<weights>', 'their name or id')
    .action(async (id: string) => {
      const client = await cli.client()
      await client.weights.delete(id)
      cli.output.result({ deleted: id }, () => `deleted ${id}`)
    })
}

const columns: readonly Column<WeightsSummary>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'TENSORS', value: ({ tensors }) => formatCount(tensors), align: 'right' },
  { title: 'SIZE', value: ({ bytes }) => formatBytes(bytes), align: 'right', rank: 1 },
  { title: 'AGE', value: ({ createdAt }) => formatAge(createdAt), align: 'right', rank: 2 },
  { title: 'ID', value: ({ id }) => id, rank: 3 },
]
