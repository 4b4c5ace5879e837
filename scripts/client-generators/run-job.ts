// Runs a job with the client that @hey-api/openapi-ts generates. Arguments: URL, key, CSV file.
import { readFile } from 'node:fs/promises'
import { client } from './client/client.gen.js'
import { followJob, getJob, predict, submitJob, uploadDataset } from './client/sdk.gen.js'
import type { BoostingJobRequest, Job } from './client/types.gen.js'

const [url = '', key = '', path = ''] = process.argv.slice(2)
client.setConfig({ baseUrl: url, auth: key, throwOnError: true })
const throwOnError = true

const file = new Blob([new Uint8Array(await readFile(path))])
const { data: dataset } = await uploadDataset({
  body: { file: [file], name: 'of-typescript', target: 'target' },
  throwOnError,
})
if (!('kind' in dataset) || dataset.kind !== 'table') throw new Error('no table')

const request: BoostingJobRequest = {
  dataset: dataset.name,
  model: { kind: 'boosting', rounds: 20 },
}
const { data: submitted } = await submitJob({ body: request, throwOnError })
if ('dryRun' in submitted) throw new Error('not asked for')

const names: string[] = []
const { stream } = await followJob({
  path: { id: submitted.id },
  onSseEvent: ({ event }) => names.push(event ?? ''),
})
// the data of each event, read from its JSON
for await (const _ of stream);

const { data: job }: { data: Job } = await getJob({ path: { id: submitted.id }, throwOnError })
if (!job.result) throw new Error(job.failure?.message)
const row = Object.fromEntries(dataset.columns.map(({ name }, i) => [name, dataset.sample[0]?.[i]]))
const { data: answer } = await predict({
  path: { id: job.result.model.id },
  body: { instances: [row] },
  throwOnError,
})
const [prediction] = answer.predictions
console.log(
  JSON.stringify({
    events: [...new Set(names)].sort(),
    status: job.status,
    step: job.progress.step,
    value: prediction && 'value' in prediction ? prediction.value : null,
  }),
)
