import { UsageError } from '../testing/command-line.js'
import { boostingBench } from './boosting/boosting.js'
import { dashboardBench } from './dashboard/dashboard.js'
import { dataBench } from './data/data.js'
import { BenchError } from './failure.js'
import { gpuBench } from './gpu/gpu.js'
import { metricsBench } from './metrics/metrics.js'
import { serveBench } from './serve/serve.js'
import { submitBench } from './submit/submit.js'
import { trainBench } from './train/train.js'

/** Each takes its command-line arguments and returns whether it passed. */
const benches: Readonly<Record<string, (args: string[]) => Promise<boolean>>> = {
  train: trainBench,
  boosting: boostingBench,
  submit: submitBench,
  metrics: metricsBench,
  data: dataBench,
  serve: serveBench,
  dashboard: dashboardBench,
  gpu: gpuBench,
}

async function main(): Promise<void> {
  const [name = '', ...args] = process.argv.slice(2)
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
  if (!bench) {
    const names = Object.keys(benches).join(', ')
    throw new UsageError(`unknown bench '${name}', expected one of ${names}`)
  }
  if (!(await bench(args))) process.exitCode = 1
}

// exit handlers kill the child processes and remove temporary folders, which a signal alone would not
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
try {
  await main()
} catch (error) {
  process.exitCode = 1
  const isExpected = error instanceof BenchError || error instanceof UsageError
  console.error(isExpected ? `bench: ${error.message}` : error)
}
