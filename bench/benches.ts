import { boostingBench } from './boosting/boosting.js'
import { dashboardBench } from './dashboard/dashboard.js'
import { dataBench } from './data/data.js'
import { gpuBench } from './gpu/gpu.js'
import { metricsBench } from './metrics/metrics.js'
import { scaleBench } from './scale/scale.js'
import { serveBench } from './serve/serve.js'
import { submitBench } from './submit/submit.js'
import { trainBench } from './train/train.js'
import { workersBench } from './workers/workers.js'

/** By the name that `npm run bench` takes. */
export const benches = {
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
