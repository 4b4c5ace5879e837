import { Argument, type Command } from 'commander'
import type { Cli } from '../cli.js'
import { printable } from '../terminal/printable.js'

const shellNames = ['bash', 'zsh', 'fish'] as const

/** `trainyard completion SHELL`, and the hidden command that its scripts run. */
export function addCompletion(program: Command, cli: Cli): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'the shell').choices(shellNames))
    .summary('print a script by which the shell completes commands and names')
    .description(
      'Prints a script by which the shell completes commands, options, files, and the names of jobs, data sets and models. The script says in which file to put it.',
    )
    .action(async (shell: (typeof shellNames)[number]) => {
      const { shells } = await import('../completion/shells.js')
      cli.streams.stdout.write(shells[shell])
    })
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) => complete(program, cli, words))
}

async function complete(program: Command, cli: Cli, words: readonly string[]): Promise<void> {
  const { completionOf } = await import('../completion/complete.js')
  const completion = completionOf(program, words)
  if ('files' in completion) return cli.output.line(':files')
  const names = 'kind' in completion ? await namesOf(cli, completion.kind) : []
  for (const { value, description } of [...completion.candidates, ...names]) {
    if (!value.startsWith(words.at(-1) ?? '')) continue
    cli.output.line(`${value}\t${printable(description)}`)
  }
}

async function namesOf(cli: Cli, kind: 'job' | 'dataset' | 'model') {
  const { namesOf } = await import('../completion/names.js')
  try {
    return await namesOf(kind, await cli.client())
  } catch {
    // no server or no key: a shell can show no message here
    return []
  }
}
