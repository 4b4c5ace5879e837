import type { Command } from 'commander'
import { findHolder } from '../../folder-holder.js'
import type { ServerKey } from '../../spec/server-info.js'
import type { Cli } from '../cli.js'
import { dataFolder, keyFile } from '../data-folder.js'
import { formatTime } from '../terminal/format.js'
import type { Column } from '../terminal/table.js'
import { addKey, readKey, readKeys, removeKey, replaceKey, type StoredKey } from './key-files.js'
import { dataOption } from './server-options.js'

interface KeysOptions {
  data?: string
}

/** `trainyard keys`: the API keys of the server on this machine, in its data folder. */
export function addKeys(program: Command, cli: Cli): void {
  const keys = program
    .command('keys')
    .summary('list, add, remove and replace API keys of the server on this machine')
    .description(
      'Manages the API keys in the data folder of the server on this machine. The server reads them at its start. Every key may do everything.',
    )
  const command = (name: string, summary: string) =>
    keys
      .command(name)
      .summary(summary)
      .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
      .addOption(dataOption())
  command('ls', 'list the keys that the server accepts').action((options: KeysOptions) =>
    list(cli, options),
  )
  command('show', 'print the key that the server has made').action(async (options: KeysOptions) => {
    const key = await readKey(folderOf(cli, options))
    cli.output.result({ key }, () => key)
  })
  command('add', 'make a key, and print it once')
    .argument('<name>', 'who or what it is for')
    .action(async (name: string, options: KeysOptions) => {
      const folder = folderOf(cli, options)
      const key = await addKey(folder, name)
      cli.output.result({ name, key }, () => key)
      cli.output.note('It is shown only now: the data folder has its hash.')
      await noteRestart(cli, folder, 'accepts it')
    })
  command('rm', 'remove a key that was added')
    .argument('<name>', 'as `trainyard keys ls` names it')
    .action(async (name: string, options: KeysOptions) => {
      const folder = folderOf(cli, options)
      const removed = await removeKey(folder, name)
      cli.output.result({ removed: removed.name }, () => `Removed the key ${removed.name}.`)
      await noteRestart(cli, folder, 'refuses it')
    })
  command('rotate', 'replace the key that the server has made').action(
    async (options: KeysOptions) => {
      const folder = folderOf(cli, options)
      const key = await replaceKey(folder)
      cli.output.result({ key }, () => key)
      cli.output.note(`It is kept in ${keyFile(folder)}.`)
      await noteRestart(cli, folder, 'accepts it instead of the former one')
    },
  )
}

const folderOf = (cli: Cli, { data }: KeysOptions) => dataFolder(cli.environment, data)

async function noteRestart(cli: Cli, folder: string, effect: string): Promise<void> {
  const isRunning = (await findHolder(folder)) !== null
  cli.output.note(
    isRunning
      ? `The server ${effect} after a restart: \`trainyard down && trainyard up\`. Running jobs continue.`
      : `The server ${effect} from its next start.`,
  )
}

/** Of another server, its API lists the keys, under the beginnings of their hashes. */
async function list(cli: Cli, options: KeysOptions): Promise<void> {
  if (cli.options.url !== undefined) {
    const { keys } = await (await cli.client()).server.info()
    return cli.output.list(keys, serverColumns, 'The server accepts no key.')
  }
  const folder = folderOf(cli, options)
  const keys = await readKeys(folder)
  cli.output.list(
    keys.map(({ sha256: _hash, ...shown }) => shown),
    columns,
    `${folder} has no keys: the first start of the server makes one.`,
  )
  const { TRAINYARD_KEY, TRAINYARD_KEY_FILE } = cli.environment
  const others = Object.entries({ TRAINYARD_KEY, TRAINYARD_KEY_FILE }).filter(([, value]) => value)
  for (const [name] of others) {
    cli.output.note(`A server that is started with ${name} accepts what that has, too.`)
  }
}

type ShownKey = Omit<StoredKey, 'sha256'>

const columns: readonly Column<ShownKey>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'IN RECORDS', value: ({ caller }) => caller },
  { title: 'MADE', value: ({ createdAt }) => formatTime(createdAt) },
]

const serverColumns: readonly Column<ServerKey>[] = [
  { title: 'IN RECORDS', value: ({ name }) => name },
  { title: 'MADE', value: ({ createdAt }) => (createdAt === null ? '' : formatTime(createdAt)) },
  { title: 'USED NOW', value: ({ current }) => (current ? 'yes' : '') },
]
