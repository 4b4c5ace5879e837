import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { ProblemError } from '../../client/client.js'
import { formatBytes } from '../../presentation/units.js'
import type { DrainMode, Worker } from '../../spec/worker.js'
import type { Cli } from '../cli.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import type { Column } from '../terminal/table.js'

const pollMs = 1000

/** `trainyard workers`: the workers of all hosts; and their draining, for upgrades without losing a step. */
export function addWorkers(program: Command, cli: Cli): void {
  const workers = program
    .command('workers')
    .summary('list workers, and let them take no more jobs')
    .description(
      'Lists the workers of all hosts, and drains them, so that a host can be upgraded or stopped without losing a step.',
    )
  workers
    .command('ls', { isDefault: true })
    .summary('list the workers that are alive')
    .description('Lists the workers that are alive, with what their machines have.')
    .action(async () => {
      const { items } = await (await cli.client()).server.workers()
      cli.output.list(items, columns, 'No worker is alive.')
    })
  workers
    .command('drain')
    .summary('let workers take no more jobs')
    .description(
      'Lets all workers of a host, or one worker, take no more jobs. Their running jobs save a checkpoint and go on at other workers. A worker that starts again takes jobs.',
    )
    .argument('<worker>', 'a host, or the id of a worker')
    .option('--finish', 'let running jobs end here, in place of moving them')
    .option('-w, --wait', 'wait until no job runs there')
    .action(async (name: string, options: { finish?: boolean; wait?: boolean }) => {
      const running: DrainMode = options.finish ? 'finish' : 'move'
      const { server } = await cli.client()
      const found = await askEach(cli, name, id => server.drainWorker(id, running))
      if (options.wait) await waitUntilFree(cli, found)
      cli.output.result(found, all => all.map(each => describe(each, options)).join('\n'))
    })
  workers
    .command('resume')
    .summary('let drained workers take jobs again')
    .description('Lets all workers of a host, or one worker, take jobs again.')
    .argument('<worker>', 'a host, or the id of a worker')
    .action(async (name: string) => {
      const { server } = await cli.client()
      const found = await askEach(cli, name, id => server.resumeWorker(id))
      cli.output.result(found, all =>
        all.map(each => `${nameOf(each)} takes jobs again.`).join('\n'),
      )
    })
}

const nameOf = ({ host, pid }: Worker) => `${host} (process ${pid})`

function describe(worker: Worker, { wait, finish }: { wait?: boolean; finish?: boolean }): string {
  if (wait) return `${nameOf(worker)} runs no job, and takes none.`
  const jobs = finish ? 'its running jobs end there' : 'its running jobs move to other workers'
  return `${nameOf(worker)} takes no more jobs; ${jobs}.`
}

/**
 * Asks the workers of a host, or one by its id. One that ends meanwhile keeps the others from nothing. Returns those
 * that were asked.
 */
async function askEach(
  cli: Cli,
  name: string,
  ask: (id: string) => Promise<Worker>,
): Promise<Worker[]> {
  const { items } = await (await cli.client()).server.workers()
  const asked: Worker[] = []
  for (const worker of items.filter(({ id, host }) => id === name || host === name)) {
    try {
      await ask(worker.id)
      asked.push(worker)
    } catch (error) {
      if (!(error instanceof ProblemError && error.code === 'WORKER_NOT_FOUND')) throw error
    }
  }
  if (asked.length > 0) return asked
  const known = [...new Set(items.map(({ host }) => host))].join(', ')
  throw new CommandError(
    `no worker that is alive is on a host '${name}' or has this id; hosts: ${known || 'none'}`,
    exitCodes.notFound,
  )
}

/** A worker that has ended runs none, either. */
async function waitUntilFree(cli: Cli, workers: readonly Worker[]): Promise<void> {
  const ids = workers.map(({ id }) => id)
  const client = await cli.client()
  for (;;) {
    const { items } = await client.server.workers()
    const left = items.filter(({ id }) => ids.includes(id))
    const isFree = left.every(
      ({ draining, slots }) => draining && slots.every(({ job }) => job === null),
    )
    if (isFree) return
    await sleep(pollMs, undefined, { signal: cli.interrupted })
  }
}

const jobsOf = ({ slots }: Worker) => new Set(slots.flatMap(({ job }) => job ?? [])).size

const gpuNames = ({ gpus, engineGpus = 0 }: Worker) => {
  if (engineGpus > 0) return `${engineGpus} a job`
  const names = [...new Set(gpus.map(({ name }) => name))]
  return gpus.length === 0 ? '-' : `${gpus.length} ${names.join(', ')}`
}

const columns: readonly Column<Worker>[] = [
  { title: 'HOST', value: ({ host }) => host },
  { title: 'PROCESS', value: ({ pid }) => String(pid), align: 'right', rank: 4 },
  {
    title: 'STATE',
    value: worker => (worker.draining ? 'draining' : worker.diskProblem ? 'disk' : 'takes jobs'),
  },
  { title: 'JOBS', value: worker => `${jobsOf(worker)}/${worker.slots.length}`, align: 'right' },
  { title: 'CORES', value: ({ cores }) => String(cores ?? '-'), align: 'right', rank: 3 },
  {
    title: 'MEMORY',
    value: ({ memory }) => {
      const bytes = memory.limitBytes ?? memory.totalBytes
      return bytes === undefined ? '-' : formatBytes(bytes)
    },
    align: 'right',
    rank: 2,
  },
  { title: 'GPUS', value: gpuNames, rank: 1 },
  { title: 'LABELS', value: ({ labels }) => labels?.join(',') || '-', rank: 5 },
  { title: 'VERSION', value: ({ version }) => version, rank: 6 },
  {
    title: 'CLOCK',
    value: ({ clockOffsetSeconds: offset }) =>
      offset == null ? '-' : `${offset < 0 ? '-' : '+'}${Math.abs(offset).toFixed(1)} s`,
    align: 'right',
    rank: 7,
  },
  { title: 'ID', value: ({ id }) => id, rank: 8 },
]
