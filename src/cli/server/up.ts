import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { type FolderHolder, findHolder } from '../../folder-holder.js'
import { scriptPath } from '../../places.js'
import type { Cli } from '../cli.js'
import { keyFile, logFile } from '../data-folder.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { dataOption, portOption, type ServerOptions, settingsOf } from './server-options.js'

const checkMs = 100
/** A server that takes longer than this is left to itself. */
const startTimeoutMs = 120_000
/** A log is set aside at a start if it is larger. */
const maxLogBytes = 10_000_000
const shownLogLines = 15

interface RunningServer {
  url: string
  pid: number
  dataFolder: string
  keyFile: string
  logFile: string
  /** False if it ran before. */
  started: boolean
}

/** `trainyard up`: the server in the background. */
export function addUp(program: Command, cli: Cli): void {
  program
    .command('up')
    .summary('start the server in the background, and wait until it listens')
    .description(
      'Starts the server in the background, and waits until it listens. It runs until `trainyard down` or until the machine stops; docs/operations.md has a service that starts with the machine.',
    )
    .addOption(portOption())
    .addOption(dataOption())
    .action(async (options: ServerOptions) => show(cli, await up(cli, options), options))
}

async function up(cli: Cli, options: ServerOptions): Promise<RunningServer> {
  const settings = settingsOf(options, cli.environment)
  const folder = settings.TRAINYARD_DATA!
  const running = await findHolder(folder)
  const server = running
    ? await listening(cli, folder, running)
    : await startDetached(cli, folder, settings)
  return {
    url: server.url!,
    pid: server.pid,
    dataFolder: folder,
    keyFile: keyFile(folder),
    logFile: logFile(folder),
    started: running === null,
  }
}

async function startDetached(
  cli: Cli,
  folder: string,
  settings: Record<string, string>,
): Promise<FolderHolder> {
  const log = openLog(folder)
  const begin = statSync(logFile(folder)).size
  const child = spawn(process.execPath, [scriptPath('src/supervisor/start')], {
    env: { ...cli.environment, ...settings },
    // a session of its own: neither Ctrl-C nor the end of the terminal reaches it
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  await once(child, 'spawn')
  child.unref()
  return listening(cli, folder, null, () => {
    if (child.exitCode === null && child.signalCode === null) return
    throw new CommandError(
      `the server ended ${reasonOf(child)}; the end of ${logFile(folder)}:\n${endOfLog(folder, begin)}`,
      exitCodes.failed,
    )
  })
}

/** Waits until the server of a data folder listens. `check` throws if it never will. */
async function listening(
  cli: Cli,
  folder: string,
  found: FolderHolder | null,
  check: () => void = () => {},
): Promise<FolderHolder> {
  const since = Date.now()
  let holder = found
  while (!holder?.url) {
    if (cli.interrupted.aborted) {
      throw new CommandError(
        'the server goes on starting in the background; `trainyard status` shows it, `trainyard down` stops it',
        exitCodes.interrupted,
      )
    }
    if (Date.now() - since > startTimeoutMs) {
      throw new CommandError(
        `the server does not listen after ${startTimeoutMs / 1000} s; it goes on starting, and ${logFile(folder)} may say why; \`trainyard down\` stops it`,
        exitCodes.failed,
      )
    }
    await sleep(checkMs)
    check()
    holder = await findHolder(folder)
  }
  return holder
}

/** Opens the log to be continued. The folder is private from the beginning, as the server makes it. */
function openLog(folder: string): number {
  const path = logFile(folder)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) {
      renameSync(path, `${path}.1`)
    }
    return openSync(path, 'a', 0o600)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CommandError(
      `cannot write ${path} (${code}): choose another data folder with --data, or correct its permissions`,
      exitCodes.usage,
    )
  }
}

const reasonOf = ({ exitCode, signalCode }: ChildProcess) =>
  signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`

const endOfLog = (folder: string, begin: number) =>
  readFileSync(logFile(folder))
    .subarray(begin)
    .toString('utf8')
    .trim()
    .split('\n')
    .slice(-shownLogLines)
    .map(line => `  ${line}`)
    .join('\n')

function show(cli: Cli, server: RunningServer, { port }: ServerOptions): void {
  if (!server.started && port !== undefined && port !== '0' && new URL(server.url).port !== port) {
    cli.output.note(
      `The server runs already, and not at port ${port}: \`trainyard down\` first to move it.`,
    )
  }
  cli.output.result(server, ({ url, started, ...files }) =>
    [
      `Trainyard ${started ? 'listens' : 'runs already, and listens'} on ${url}`,
      '',
      `  key          in ${files.keyFile}; \`trainyard keys show\` prints it`,
      `  data folder  ${files.dataFolder}`,
      `  log          ${files.logFile}`,
      '  stop         trainyard down',
    ].join('\n'),
  )
}
