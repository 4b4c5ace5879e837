import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { isLocal, serverUrl } from '../connection.js'
import { dataFolder } from '../data-folder.js'
import { exitCodes } from '../exit-codes.js'
import type { Style } from '../output.js'
import { countOf } from '../terminal/format.js'
import { rowsText } from '../terminal/rows.js'
import { type Check, ok } from './checks/check.js'
import { dataOption } from './server-options.js'

/** `trainyard doctor`: what is wrong, and what helps. */
export function addDoctor(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .summary('check this machine and the server, and say what helps')
    .description(
      'Checks the server and the way to it; of a server on this machine, also its engine, Redis, data folder, disk and port. Changes nothing. Exits with 1 if a check has failed.',
    )
    .addOption(dataOption())
    .action(async ({ data }: { data?: string }) => {
      const checks = await check(cli, dataFolder(cli.environment, data))
      cli.output.result(checks, () => describe(cli, checks))
      if (checks.some(({ status }) => status === 'failed')) process.exitCode = exitCodes.failed
    })
}

async function check(cli: Cli, folder: string): Promise<Check[]> {
  const { checkServer } = await import('./checks/reachable.js')
  const isHere = isLocal(await serverUrl(cli.options, cli.environment))
  if (!isHere) return checkServer(cli)
  const [installation, redis, data, port] = await Promise.all([
    import('./checks/installation.js'),
    import('./checks/external-redis.js'),
    import('./checks/data-folder.js'),
    import('./checks/port.js'),
  ])
  return [
    ...(await installation.checkInstallation()),
    ...(await redis.checkExternalRedis(cli.environment.REDIS_URL)),
    ...(await data.checkDataFolder(folder)),
    ...storeCheck(cli.environment.TRAINYARD_STORE),
    await port.checkPort(folder, cli.environment),
    ...(await checkServer(cli)),
  ]
}

/** A bucket is tried by the server itself, with its credentials; the disk above has only local copies then. */
const storeCheck = (bucket: string | undefined): Check[] =>
  bucket
    ? [ok('store', `${bucket}, which the server tries at its start; see 'disk' of /readyz`)]
    : []

const styles: Record<Check['status'], Style> = { ok: 'green', warning: 'yellow', failed: 'red' }

function describe(cli: Cli, checks: readonly Check[]): string {
  const rows = checks.map(
    ({ name, status, detail, cure }) =>
      [
        name,
        `${status === 'ok' ? '' : `${status}: `}${detail}${cure === null ? '' : `\nTo fix it: ${cure}`}`,
        (text: string) => (status === 'ok' ? text : cli.output.style(styles[status], text)),
      ] as const,
  )
  const count = (status: Check['status']) => checks.filter(each => each.status === status).length
  const sum = `${count('ok')} ok, ${countOf(count('warning'), 'warning')}, ${count('failed')} failed`
  return `${rowsText(rows, cli.output.width, text => cli.output.style('bold', text))}\n\n${sum}`
}
