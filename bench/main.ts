import { reportError, runCommand } from '../src/script-options.js'
import { benches } from './benches.js'
import { BenchError } from './failure.js'

const summary = 'Runs a bench, prints a table and, of most, writes a report to bench/results.'

// exit handlers kill the child processes and remove temporary folders, which a signal alone would not
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
try {
  const passed = await runCommand('npm run bench', summary, benches, process.argv.slice(2))
  if (!passed) process.exitCode = 1
} catch (error) {
  reportError('bench', error, known => known instanceof BenchError)
}
