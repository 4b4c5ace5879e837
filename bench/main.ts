// `npm run bench -- train`, `boosting` or `submit`; each says its own options.
import { boostingBench } from './boosting/boosting.js'
import { BenchError } from './failure.js'
import { submitBench } from './submit/submit.js'
import { trainBench } from './train/train.js'

const benches: Readonly<Record<string, (args: string[]) => Promise<boolean>>> = {
  train: trainBench,
  boosting: boostingBench,
  submit: submitBench,
}

async function main(): Promise<void> {
  const [name = '', ...args] = process.argv.slice(2)
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
  if (!bench) {
    throw new BenchError(`the bench is '${name}', expected: ${Object.keys(benches).join(' or ')}`)
  }
  if (!(await bench(args))) process.exitCode = 1
}

// an exit, not the signal's end: it takes the subjects along
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
try {
  await main()
} catch (error) {
  process.exitCode = 1
  console.error(error instanceof BenchError ? `bench: ${error.message}` : error)
}
