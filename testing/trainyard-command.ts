import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { scriptPath } from '../src/places.js'

export interface CommandOptions {
  /** The server that the command speaks to; without it, the command looks for one. */
  url?: string
  key?: string
  /** Further variables. */
  environment?: NodeJS.ProcessEnv
  /** Where the command keeps its state. */
  home: string
  /** The current folder; by default the home. */
  folder?: string
  input?: string | Buffer
}

export interface CommandResult {
  /** Null if a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

export interface RunningCommand {
  child: ChildProcess
  /** What it has printed so far. */
  stdout: () => string
  stderr: () => string
  ended: Promise<CommandResult>
}

const script = () => scriptPath('src/cli/main')

const environmentOf = ({ url, key, home, environment }: CommandOptions): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: home,
  TRAINYARD_URL: url,
  TRAINYARD_KEY: key,
  ...environment,
})

/** Starts `trainyard` with the arguments. */
export function startCommand(args: readonly string[], options: CommandOptions): RunningCommand {
  const child = spawn(process.execPath, [script(), ...args], {
    env: environmentOf(options),
    cwd: options.folder ?? options.home,
  })
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', text => {
      printed[name] += text
    })
  }
  // the command may end before it reads its input
  child.stdin.on('error', () => {})
  child.stdin.end(options.input)
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...printed }))
  return { child, stdout: () => printed.stdout, stderr: () => printed.stderr, ended }
}

/** Runs `trainyard` with the arguments. */
export const runCommand = (
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> => startCommand(args, options).ended

/** Runs `trainyard` in a terminal of so many columns, by util-linux' `script`. Stdout has all that it shows. */
export async function runInTerminal(
  args: readonly string[],
  columns: number,
  options: CommandOptions,
): Promise<CommandResult> {
  const quoted = [process.execPath, script(), ...args].map(
    each => `'${each.replaceAll("'", "'\\''")}'`,
  )
  const command = `stty cols ${columns}; exec ${quoted.join(' ')}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { TERM: 'xterm', ...environmentOf(options) },
    cwd: options.folder ?? options.home,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  const [code] = await once(child, 'close')
  return { code: code as number | null, stdout, stderr: '' }
}
