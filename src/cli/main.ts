import { CommanderError } from 'commander'
import { Cli } from './cli.js'
import { exitCodes } from './exit-codes.js'
import { failureOf } from './failure.js'
import { createProgram } from './program.js'

const interruption = new AbortController()
process.once('SIGINT', () => interruption.abort())
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(exitCodes.closedPipe)
  })
}

const cli = new Cli(process, process.env, interruption.signal)
const program = createProgram(cli)
for (const command of [program, ...program.commands]) command.exitOverride()
try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has printed what is wrong; help and version are no failure
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  } else {
    const { message, exitCode } = failureOf(error)
    console.error(`trainyard: ${message}`)
    process.exitCode = exitCode
  }
}
