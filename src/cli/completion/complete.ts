import type { Argument, Command, Option } from 'commander'

export interface Candidate {
  value: string
  description: string
}

/** What a word can be: one of these, a file, or what the server has of a kind. */
export type Completion =
  | { candidates: readonly Candidate[] }
  | { files: true }
  | { kind: NamedKind; candidates: readonly Candidate[] }

export type NamedKind = 'job' | 'dataset' | 'model'

/** What is known of the last word of a command line, from the words before it. `words` is without the program. */
export function completionOf(program: Command, words: readonly string[]): Completion {
  const current = words.at(-1) ?? ''
  const { command, position, expected } = follow(program, words.slice(0, -1))
  if (expected) return valuesOf(expected)
  if (current.startsWith('-')) return { candidates: optionsOf(program, command) }
  const commands = position === 0 ? subcommandsOf(command) : []
  const { registeredArguments } = command
  const last = registeredArguments.at(-1)
  const argument = registeredArguments[position] ?? (last?.variadic ? last : undefined)
  if (!argument) return { candidates: commands }
  const values = argumentOf(argument)
  return 'files' in values ? values : { ...values, candidates: [...commands, ...values.candidates] }
}

/** The command that words lead to, how many arguments it has got, and the option whose value comes next. */
function follow(program: Command, words: readonly string[]) {
  let command = program
  let position = 0
  let expected: Option | undefined
  for (const word of words) {
    if (expected) {
      expected = undefined
    } else if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find(
        ({ short, long }) => word === short || word === long,
      )
      if (option?.required) expected = option
    } else {
      const next: Command | undefined =
        position === 0
          ? command.commands.find(each => each.name() === word || each.aliases().includes(word))
          : undefined
      if (next) command = next
      else position++
    }
  }
  return { command, position, expected }
}

const subcommandsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map(each => ({ value: each.name(), description: each.summary() || each.description() }))

const optionsOf = (program: Command, command: Command): Candidate[] =>
  [...command.options, ...(command === program ? [] : program.options)]
    .filter(({ hidden, long }) => !hidden && long)
    .map(({ long, description }) => ({ value: long!, description }))

const choices = (values: readonly string[]) => ({
  candidates: values.map(value => ({ value, description: '' })),
})

function valuesOf(option: Option): Completion {
  if (option.argChoices) return choices(option.argChoices)
  return ofName(option.name())
}

function argumentOf(argument: Argument): Completion {
  return argument.argChoices ? choices(argument.argChoices) : ofName(argument.name())
}

/** By the names that commands give their arguments and options. */
function ofName(name: string): Completion {
  const kind = kinds.find(([pattern]) => pattern.test(name))?.[1]
  if (kind) return { kind, candidates: [] }
  return fileNames.test(name) ? { files: true } : { candidates: [] }
}

const kinds: readonly (readonly [RegExp, NamedKind])[] = [
  [/^jobs?$/, 'job'],
  [/^(data-?sets?|other)$/, 'dataset'],
  [/^models?$/, 'model'],
]

const fileNames = /^(files?|folder|input|output|out|data|to|from|into)$/
