import { createInterface } from 'node:readline/promises'
import type { Cli } from './cli.js'
import { exitCodes } from './exit-codes.js'
import { CommandError, usageError } from './failure.js'

/** Asks before something that cannot be taken back; without a terminal, the command needs `--yes`. */
export async function confirm(cli: Cli, question: string): Promise<void> {
  if (!process.stdin.isTTY) throw usageError(`${question} Add --yes to do it without being asked.`)
  const terminal = createInterface({ input: process.stdin, output: cli.streams.stderr })
  try {
    const signal = cli.interrupted
    // in this mode readline takes Ctrl-C for itself
    terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
    const answer = await terminal.question(`${question} [y/N] `, { signal })
    if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    terminal.close()
  }
  throw new CommandError('nothing was changed', exitCodes.usage)
}
