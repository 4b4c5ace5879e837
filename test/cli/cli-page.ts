import type { Command, Option } from 'commander'
import { Cli } from '../../src/cli/cli.js'
import { createProgram } from '../../src/cli/program.js'

/** The commands of the program as Markdown, for docs/cli.md. */
export function commandsPage(): string {
  const cli = new Cli(process, {}, new AbortController().signal, async () => {})
  const program = createProgram(cli)
  const groups = new Map<string, Command[]>()
  for (const command of visible(program)) {
    const group = command.helpGroup().replace(/:$/, '')
    groups.set(group, [...(groups.get(group) ?? []), command])
  }
  return [
    section('Options of every command', [], program.options),
    ...[...groups].map(([group, commands]) =>
      [`## ${group}`, ...commands.flatMap(command => commandPages(command, 'trainyard'))].join(
        '\n\n',
      ),
    ),
  ].join('\n\n')
}

const visible = (command: Command) =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter(each => each.name() !== 'help')

/** A command, or all commands inside it. */
function commandPages(command: Command, above: string): string[] {
  const path = `${above} ${command.name()}`
  const inner = visible(command)
  if (inner.length > 0) return inner.flatMap(each => commandPages(each, path))
  const usage = `${path} ${command.usage()}`
  const described = command.registeredArguments
    .filter(({ description }) => description !== '')
    .map(argument => `- \`${argument.name()}\`: ${argument.description}`)
  const text = [
    ...[command.description() || command.summary()].filter(Boolean),
    ...(described.length > 0 ? [described.join('\n')] : []),
  ]
  return [`### ${path}`, `\`\`\`text\n${usage}\n\`\`\``, ...text, ...optionTable(command.options)]
}

const section = (title: string, text: string[], options: readonly Option[]) =>
  [`## ${title}`, ...text, ...optionTable(options)].join('\n\n')

function optionTable(options: readonly Option[]): string[] {
  const shown = options.filter(({ hidden }) => !hidden)
  if (shown.length === 0) return []
  const rows = shown.map(option => [`\`${option.flags}\``, cell(meaningOf(option))])
  return [markdownTable([['option', 'meaning'], ...rows])]
}

function meaningOf({ description, argChoices, defaultValue }: Option): string {
  const choices = argChoices ? `; ${argChoices.join(', ')}` : ''
  const byDefault =
    defaultValue === undefined || defaultValue === false ? '' : `; by default ${defaultValue}`
  return description + choices + byDefault
}

/** A bar would end the cell, and `<` begins a tag. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

function markdownTable(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n')
}
