import { reportError, runCommand } from '../src/script-options.js'
import { boostingBench } from './boosting/boosting.js'
import { dashboardBench } from './dashboard/dashboard.js'
import { dataBench } from './data/data.js'
import { BenchError } from './failure.js'
import { gpuBench } from './gpu/gpu.js'
import { metricsBench } from './metrics/metrics.js'
import { scaleBench } from './scale/scale.js'
import { serveBench } from './serve/serve.js'
import { submitBench } from './submit/submit.js'
import { trainBench } from './train/train.js'
import { workersBench } from './workers/workers.js'

const benches = {
  train: trainBench,
  boosting: boostingBench,
  submit: submitBench,
  metrics: metricsBench,
  data: dataBench,
  serve: serveBench,
  dashboard: dashboardBench,
  gpu: gpuBench,
  workers: workersBench,
  scale: scaleBench,
}

const summary = 'Runs a bench, prints a table and, of most, writes a report to bench/results.'

// exit handlers kill the child processes and remove temporary folders, which a signal alone would not
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
try {
  const passed = await runCommand('npm run bench', summary, benches, process.argv.slice(2))
  if (!passed) process.exitCode = 1
} catch (error) {
  reportError('bench', error, known => known instanceof BenchError)
}
