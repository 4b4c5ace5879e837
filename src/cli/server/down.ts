import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { type FolderHolder, findHolder } from '../../folder-holder.js'
import type { Cli } from '../cli.js'
import { connect, localKey } from '../connection.js'
import { dataFolder } from '../data-folder.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { dataOption } from './server-options.js'

const checkMs = 100
/** Longer than a server takes to save the checkpoints of its jobs and to answer its last requests. */
const stopTimeoutMs = 90_000

/** `trainyard down`: stops the server of the data folder, however it was started. */
export function addDown(program: Command, cli: Cli): void {
  program
    .command('down')
    .summary('stop the server; running jobs continue at the next start')
    .description(
      'Stops the server of the data folder, and waits until it has ended. Running jobs save a checkpoint and continue at the next start.',
    )
    .addOption(dataOption())
    .action(async ({ data }: { data?: string }) => {
      const folder = dataFolder(cli.environment, data)
      const holder = await findHolder(folder)
      const running = holder && (await runningJobs(folder, holder))
      if (holder) await stop(cli, folder, holder, running)
      cli.output.result(
        { stopped: holder !== null, dataFolder: folder, runningJobs: running },
        ({ stopped }) =>
          stopped ? `Trainyard has stopped${continued(running)}.` : `No server uses ${folder}.`,
      )
    })
}

const continued = (running: number | null) =>
  running ? `; ${jobs(running)} will continue at the next start` : ''

const jobs = (count: number) => (count === 1 ? '1 running job' : `${count} running jobs`)

/** Null if the server does not say. */
async function runningJobs(folder: string, { url }: FolderHolder): Promise<number | null> {
  const key = url === null ? undefined : await localKey(url, { TRAINYARD_DATA: folder })
  if (url === null || key === undefined) return null
  const info = await connect({ url, key })
    .server.info()
    .catch(() => null)
  return info?.jobs?.running ?? null
}

async function stop(
  cli: Cli,
  folder: string,
  { pid }: FolderHolder,
  running: number | null,
): Promise<void> {
  if (running)
    cli.output.note(`Stopping: ${jobs(running)} save${running === 1 ? 's' : ''} a checkpoint.`)
  terminate(pid)
  for (const since = Date.now(); (await findHolder(folder))?.pid === pid; await sleep(checkMs)) {
    if (cli.interrupted.aborted) {
      throw new CommandError('the server goes on stopping', exitCodes.interrupted)
    }
    if (Date.now() - since < stopTimeoutMs) continue
    throw new CommandError(
      `the server (process ${pid}) has not ended after ${stopTimeoutMs / 1000} s; \`kill -KILL ${pid}\` ends it: jobs lose the steps since their last checkpoint, nothing else`,
      exitCodes.failed,
    )
  }
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // it ends by itself
    if (code === 'ESRCH') return
    throw new CommandError(
      `the server (process ${pid}) cannot be stopped (${code})`,
      exitCodes.failed,
    )
  }
}
