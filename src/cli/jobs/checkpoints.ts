import type { Command } from 'commander'
import type { Client } from '../../client/client.js'
import { formatBytes } from '../../presentation/units.js'
import type { Checkpoint } from '../../spec/checkpoint.js'
import type { Job } from '../../spec/job.js'
import type { Cli } from '../cli.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { assertFree, saveBody } from '../files/save.js'
import { formatAge } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'
import { findJob, jobArgument } from './find-job.js'

interface CheckpointOptions {
  download?: string
  output?: string
  force?: boolean
}

/** `trainyard checkpoints`: those of a job, and one of them as a file. */
export function addCheckpoints(program: Command, cli: Cli): void {
  program
    .command('checkpoints')
    .argument('<job>', jobArgument)
    .summary('list and download checkpoints')
    .description('List the checkpoints of a job, or download one of them as a tar.')
    .option('-d, --download <step>', 'download this one: a step, best or latest')
    .option('-o, --output <file>', 'where to write it, - for stdout; by default JOB-STEP.tar')
    .option('--force', 'replace a file that is there')
    .action(async (reference: string, options: CheckpointOptions) => {
      const client = await cli.client()
      const job = await findJob(cli, client, reference)
      const { items, damaged } = await client.jobs.checkpoints(job.id)
      for (const { id, reason } of damaged) cli.output.note(`${id} cannot be read: ${reason}`)
      if (options.download === undefined) return list(cli, job, items)
      await download(cli, client, job, choose(job, items, options.download), options)
    })
}

function list({ output }: Cli, { removedCheckpoints }: Job, checkpoints: Checkpoint[]): void {
  output.list(checkpoints, columns, 'No checkpoints.')
  if (removedCheckpoints !== null) {
    output.note(`Older ones were removed, at step ${removedCheckpoints.steps.join(', ')}.`)
  }
}

const sizeOf = ({ files }: Checkpoint) => files.reduce((sum, { bytes }) => sum + bytes, 0)

const columns: readonly Column<Checkpoint>[] = [
  { title: 'STEP', value: ({ step }) => String(step), align: 'right' },
  {
    title: '',
    value: ({ best, latest }) =>
      [...(best ? ['best'] : []), ...(latest ? ['latest'] : [])].join(', '),
  },
  { title: 'SIZE', value: checkpoint => formatBytes(sizeOf(checkpoint)), align: 'right' },
  { title: 'AGE', value: ({ createdAt }) => formatAge(createdAt), align: 'right', rank: 1 },
  { title: 'FORMAT', value: ({ format }) => format, rank: 3 },
  { title: 'ATTEMPT', value: ({ attempt }) => String(attempt), align: 'right', rank: 2 },
]

function choose({ id }: Job, checkpoints: readonly Checkpoint[], wanted: string): Checkpoint {
  const matches = (checkpoint: Checkpoint) =>
    wanted === 'best' || wanted === 'latest'
      ? checkpoint[wanted]
      : String(checkpoint.step) === wanted
  // of several that were the best so far, the newest is
  const found = checkpoints.findLast(matches)
  if (found) return found
  const steps = checkpoints.map(({ step }) => step).join(', ')
  const there = steps === '' ? 'it has none' : `it has those at step ${steps}`
  throw new CommandError(`${id} has no checkpoint '${wanted}'; ${there}`, exitCodes.notFound)
}

async function download(
  cli: Cli,
  client: Client,
  { id, name }: Job,
  { step }: Checkpoint,
  { output, force = false }: CheckpointOptions,
): Promise<void> {
  const path = output ?? `${name}-${step}.tar`
  await assertFree(path, { force })
  const answer = await client.jobs.downloadCheckpoint(id, step, { signal: cli.interrupted })
  const bytes = await saveBody(cli, answer, path, { force })
  if (path === '-') return
  cli.output.result({ job: id, step, file: path, bytes }, () => `${path} (${formatBytes(bytes)})`)
}
