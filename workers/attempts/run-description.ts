import type { HparamValue, RunDescription } from '../../src/formats/tensorboard/event-file.js'
import { runName } from '../../src/jobs/record/run-links.js'
import { isPrediction, type JobManifest, trainingOf } from '../../src/spec/job.js'

/** Longer texts do not fit into a cell of a table. */
const maxTextLength = 200

/** What TensorBoard shows of a job: its manifest as a text, and its settings as the columns of HPARAMS. */
export function describeRun(job: JobManifest): RunDescription {
  const { model, dataset, initFrom, freeze, labels } = job
  const normalization = 'normalization' in job ? job.normalization : undefined
  const settings = {
    model,
    training: trainingOf(job),
    predict: isPrediction(job) ? job.predict : undefined,
    dataset: dataset.name,
    normalization,
    initFrom,
    freeze,
    labels,
  }
  return {
    text: `\`\`\`json\n${JSON.stringify(job, null, 2)}\n\`\`\``,
    group: runName(job),
    hparams: Object.fromEntries(flatten('', settings)),
  }
}

/** `{ model: { depth: 8 } }` as `model.depth`: 8. A list is one value, as JSON. What is not set has no entry. */
function* flatten(prefix: string, settings: object): Generator<[name: string, value: HparamValue]> {
  for (const [key, value] of Object.entries(settings)) {
    const name = `${prefix}${key}`
    if (value === null || value === undefined) continue
    if (typeof value === 'number' || typeof value === 'boolean') yield [name, value]
    else if (typeof value === 'string') yield [name, value.slice(0, maxTextLength)]
    else if (Array.isArray(value)) yield [name, JSON.stringify(value).slice(0, maxTextLength)]
    else yield* flatten(`${name}.`, value)
  }
}
