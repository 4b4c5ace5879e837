import type { Command } from 'commander'
import { ProblemError } from '../../client/client.js'
import type { Cli } from '../cli.js'
import { connect, isLocal, serverUrl } from '../connection.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError, usageError } from '../failure.js'
import {
  readSavedServers,
  type SavedServer,
  savedServersFile,
  writeSavedServers,
} from '../saved-servers.js'
import type { Column } from '../terminal/table.js'

/** `trainyard login`: keeps the key of a server for the commands to come. */
export function addLogin(program: Command, cli: Cli): void {
  program
    .command('login')
    .argument('[url]', 'the server; without it, the one of this machine')
    .summary('keep the key of a server, and use that server from now on')
    .description(
      'Asks for the key of a server without showing it, checks it, and keeps it in a file that only you can read. Commands use that server from now on; --url or TRAINYARD_URL names another. The key can also come from --key, TRAINYARD_KEY or stdin.',
    )
    .option('--list', 'list the servers whose keys are kept')
    .action((url: string | undefined, { list }: { list?: boolean }) =>
      list ? listServers(cli) : login(cli, url),
    )
}

/** `trainyard logout`: forgets a key. */
export function addLogout(program: Command, cli: Cli): void {
  program
    .command('logout')
    .argument('[url]', 'the server; without it, the one in use')
    .summary('forget the key of a server')
    .option('--all', 'forget all keys')
    .action((url: string | undefined, { all = false }: { all?: boolean }) => logout(cli, url, all))
}

async function login(cli: Cli, argument: string | undefined): Promise<void> {
  const url = await serverUrl({ url: argument ?? cli.options.url }, cli.environment)
  cli.url = url
  const key = await keyFor(cli, url)
  const { version } = await check(url, key)
  const { servers } = await readSavedServers(cli.environment)
  await writeSavedServers(
    { current: url, servers: [...servers.filter(each => each.url !== url), { url, key }] },
    cli.environment,
  )
  if (new URL(url).protocol === 'http:' && !isLocal(url)) {
    cli.output.note(
      `${url} is not encrypted: everyone on the way can read the key. docs/proxy.md describes proxies with TLS.`,
    )
  }
  cli.output.result(
    { url, version, file: savedServersFile(cli.environment) },
    ({ file }) =>
      `Signed in to ${url} (Trainyard ${version}); commands use it from now on. The key is kept in ${file}.`,
  )
}

async function keyFor(cli: Cli, url: string): Promise<string> {
  const key =
    cli.options.key ??
    (cli.environment.TRAINYARD_KEY || undefined) ??
    (await askSecretLazily(cli, url))
  if (/^[\x21-\x7e]{8,256}$/.test(key)) return key
  throw usageError('that is no key: expected 8 to 256 characters without blanks')
}

async function askSecretLazily({ streams }: Cli, url: string): Promise<string> {
  const { askSecret } = await import('../terminal/ask-secret.js')
  return askSecret(`Key for ${url} (it is not shown): `, streams)
}

async function check(url: string, key: string) {
  try {
    return await connect({ url, key }).server.info()
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.status !== 401) throw error
    throw new CommandError(
      `${url} does not accept this key; on its machine, \`trainyard keys show\` prints one`,
      exitCodes.notAllowed,
    )
  }
}

async function listServers(cli: Cli): Promise<void> {
  const { current, servers } = await readSavedServers(cli.environment)
  const shown = servers.map(({ url }) => ({ url, current: url === current }))
  cli.output.list(shown, columns, 'No keys are kept. `trainyard login URL` keeps one.')
}

const columns: readonly Column<{ url: string; current: boolean }>[] = [
  { title: 'SERVER', value: ({ url }) => url },
  { title: 'IN USE', value: ({ current }) => (current ? 'yes' : '') },
]

async function logout(cli: Cli, argument: string | undefined, all: boolean): Promise<void> {
  const { current, servers } = await readSavedServers(cli.environment)
  const url = (argument ?? cli.options.url ?? current)?.replace(/\/+$/, '')
  const removed = servers.filter(each => all || each.url === url)
  if (removed.length === 0 && !all) {
    throw usageError(
      url === undefined
        ? 'no key is kept'
        : `no key is kept for ${url}; \`trainyard login --list\` shows the servers`,
    )
  }
  const kept = servers.filter(each => !removed.includes(each))
  const next = kept.some(each => each.url === current) ? current : null
  await writeSavedServers({ current: next, servers: kept }, cli.environment)
  cli.output.result({ removed: removed.map(({ url }) => url) }, () => forgotten(removed))
}

const forgotten = (removed: readonly SavedServer[]) =>
  removed.length === 0
    ? 'No keys were kept.'
    : `Forgot the key of ${removed.map(({ url }) => url).join(', ')}.`
