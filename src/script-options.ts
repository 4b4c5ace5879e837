// The command lines of npm scripts such as `npm run bench`: options are parsed, and `--help` is written, by one table.
import { parseArgs } from 'node:util'

export interface ScriptOption {
  /** What the usage calls its value, such as `N`; absent for a flag. */
  value?: string
  default?: string
  /** One line of the usage. */
  help: string
  /** The flag without which the option means nothing. */
  with?: string
  /** Flags with which the option means nothing. */
  without?: readonly string[]
}

type Options = Readonly<Record<string, ScriptOption>>

/** What a script takes. */
export interface Script<O extends Options = Options> {
  /** How it is called, such as `npm run bench -- serve`. */
  command: string
  summary: string
  options: O
  /** A list that may follow the options, and the flag that it belongs to. */
  list?: { name: string; with: string; help: string }
}

export type OptionValues<O extends Options> = {
  [Name in keyof O]: O[Name] extends { default: string }
    ? string
    : O[Name] extends { value: string }
      ? string | undefined
      : boolean
}

/** The user made a mistake on the command line: entry points print its message without a stack, and the usage. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly usage: string | null = null,
  ) {
    super(message)
  }
}

/** The user asked for the usage, which is the message. */
class HelpRequest extends Error {}

const asksForHelp = (args: readonly string[]) => args.some(arg => arg === '--help' || arg === '-h')

/** Throws a HelpRequest, or a UsageError that says what is wrong. */
export function readOptions<const O extends Options>(
  script: Script<O>,
  args: readonly string[],
): OptionValues<O> & { list: string | undefined } {
  const usage = usageOf(script)
  if (asksForHelp(args)) throw new HelpRequest(usage)
  const { values, positionals } = parsed(script, args, usage)
  const [list, ...others] = positionals
  const extra = script.list && values[script.list.with] ? others[0] : list
  if (extra !== undefined) throw new UsageError(`unknown argument '${extra}'`, usage)
  for (const name of Object.keys(values)) {
    const { with: flag, without = [] } = script.options[name]!
    if (flag !== undefined && !values[flag])
      throw new UsageError(`--${name} means nothing without --${flag}`, usage)
    const other = without.find(each => values[each])
    if (other !== undefined) throw new UsageError(`--${name} means nothing with --${other}`, usage)
  }
  const all = Object.entries(script.options).map(([name, option]) => [
    name,
    values[name] ?? option.default ?? (option.value === undefined ? false : undefined),
  ])
  return { ...Object.fromEntries(all), list }
}

function parsed({ options }: Script, args: readonly string[], usage: string) {
  const types = Object.entries(options).map(([name, { value }]) => [
    name,
    { type: value === undefined ? ('boolean' as const) : ('string' as const) },
  ])
  try {
    return parseArgs({
      args: [...args],
      options: Object.fromEntries(types),
      allowPositionals: true,
    }) as { values: Record<string, string | boolean | undefined>; positionals: string[] }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (code.startsWith('ERR_PARSE_ARGS_')) throw new UsageError(firstSentence(message), usage)
    throw error
  }
}

/** The rest is about positional arguments that begin with dashes. */
const firstSentence = (message: string) => message.split('. ', 1)[0]!.split('\n', 1)[0]!

export function usageOf({ command, summary, options, list }: Script): string {
  const rows = Object.entries(options).map(([name, { value, help, with: flag, ...option }]) => [
    `--${name}${value === undefined ? '' : ` ${value}`}`,
    `${help}${flag === undefined ? '' : `; with --${flag}`}${option.default === undefined ? '' : ` (default: ${option.default})`}`,
  ])
  if (list) rows.push([list.name, `${list.help}; with --${list.with}`])
  const synopsis = `${command}${command.includes(' -- ') ? '' : ' --'} [OPTIONS]${list ? ` [${list.name}]` : ''}`
  return usageText(synopsis, summary, [...rows, ['--help', 'show this and end']])
}

/** A usage whose lines are rows of two columns. */
function usageText(synopsis: string, summary: string, rows: readonly string[][]): string {
  const width = Math.max(...rows.map(([name]) => name!.length))
  const lines = rows.map(([name, help]) => `  ${name!.padEnd(width)}  ${help}`)
  return [`usage: ${synopsis}`, '', summary, '', ...lines].join('\n')
}

/** One of several things that a script can do. */
export interface ScriptCommand {
  script: Script
  run(args: readonly string[]): Promise<boolean>
}

export const scriptCommand = <const O extends Options>(
  script: Script<O>,
  run: (values: OptionValues<O> & { list: string | undefined }) => Promise<boolean>,
): ScriptCommand => ({ script, run: args => run(readOptions(script, args)) })

/** Runs the command that the first argument names. Throws a HelpRequest or a UsageError, as `readOptions` does. */
export function runCommand(
  command: string,
  summary: string,
  commands: Readonly<Record<string, ScriptCommand>>,
  [name, ...args]: readonly string[],
): Promise<boolean> {
  const rows = Object.entries(commands).map(([each, { script }]) => [each, script.summary])
  const usage = usageText(`${command} -- NAME [OPTIONS]`, summary, [
    ...rows,
    ['NAME --help', 'show the options of one and end'],
  ])
  if (name === undefined) throw new UsageError('a name is missing', usage)
  if (Object.hasOwn(commands, name)) return commands[name]!.run(args)
  if (asksForHelp([name])) throw new HelpRequest(usage)
  throw new UsageError(`there is no '${name}'`, usage)
}

/** Tells of an error on the terminal and sets the exit status: 0 after help, 2 after a mistake on the command line. */
export function reportError(
  name: string,
  error: unknown,
  isExpected = (known: unknown) => known instanceof Error,
): void {
  if (error instanceof HelpRequest) {
    process.exitCode = 0
    console.log(error.message)
    return
  }
  const isUsage = error instanceof UsageError
  process.exitCode = isUsage ? 2 : 1
  const hint = isUsage && error.usage === null ? '; --help explains the options' : ''
  console.error(
    isUsage || isExpected(error) ? `${name}: ${(error as Error).message}${hint}` : error,
  )
  if (isUsage && error.usage !== null) console.error(`\n${error.usage}`)
}

/** Parses a whole number of at least `min`. */
export function parseCount(option: string, text: string, min = 1): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= min) return number
  throw new UsageError(`--${option} is '${text}', expected a whole number from ${min}`)
}

/** Looks up each name of a comma-separated list; one name may stand for several items. */
export function parseNames<T>(
  option: string,
  list: string,
  lookUp: (name: string) => readonly T[],
  known: readonly string[],
): readonly T[] {
  return list.split(',').flatMap(name => {
    const found = lookUp(name)
    if (found.length > 0) return found
    throw new UsageError(`--${option}: unknown name '${name}', expected ${known.join(', ')}`)
  })
}
