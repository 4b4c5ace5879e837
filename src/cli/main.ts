import { getEventListeners } from 'node:events'
import { CommanderError } from 'commander'
import { childEnvironment, setEnvironment } from '../config.js'
import { type EntryPoint, scriptPath } from '../places.js'
import { type BecomeOptions, Cli } from './cli.js'
import { exitCodes } from './exit-codes.js'
import { CommandError, failureOf } from './failure.js'
import { createProgram } from './program.js'
import { printableLines } from './terminal/printable.js'

/** A command that tidies up after Ctrl-C has this long; a second Ctrl-C ends it at once. */
const tidyMs = 5000

const interruption = new AbortController()
process.once('SIGINT', () => {
  if (getEventListeners(interruption.signal, 'abort').length === 0) {
    process.exit(exitCodes.interrupted)
  }
  interruption.abort()
  setTimeout(() => process.exit(exitCodes.interrupted), tidyMs).unref()
})
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(exitCodes.closedPipe)
  })
}

const cli = new Cli(process, childEnvironment(), interruption.signal, become)
try {
  await createProgram(cli).parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
// requests that were abandoned would keep the process alive
if (interruption.signal.aborted) process.exit(exitCodes.interrupted)

async function become(script: EntryPoint, { settings, args = [] }: BecomeOptions): Promise<void> {
  // the program heeds signals itself
  process.removeAllListeners('SIGINT')
  setEnvironment(settings)
  const path = scriptPath(script)
  process.argv = [process.argv[0]!, path, ...args]
  await import(path)
}

/** Prints what is wrong, and returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // commander has printed it; help and version are no failure
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  }
  // what fails after Ctrl-C fails because of it, unless the command says something about it
  if (interruption.signal.aborted && !(error instanceof CommandError)) return exitCodes.interrupted
  const { message, exitCode } = failureOf(error, cli.url)
  console.error(`trainyard: ${printableLines(message)}`)
  return exitCode
}
