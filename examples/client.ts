// From a folder of images, one folder for each class, to a served model.
import { readFile, writeFile } from 'node:fs/promises'
import { Client } from 'trainyard/client'
import { openFolder } from 'trainyard/client/node'

const client = new Client()

const dataset = await client.datasets.push('shapes', await openFolder('shapes'), {
  resize: { height: 32, width: 32 },
})
console.log(`${dataset.records} images`)

const job = await client.submit({
  name: 'shapes-model',
  dataset: 'shapes',
  model: { kind: 'resnet', depth: 8 },
  training: { steps: 60, batchSize: 16, validation: 0.2 },
})
for await (const { event, data } of job.follow()) {
  if (event === 'metrics') console.log(data.step, data.values)
}
await job.wait()

const image = new Blob([await readFile('new.jpg')])
const { predictions, version } = await client.models.predict('shapes-model', image)
console.log(predictions[0]?.label, predictions[0]?.probability)

await client.models.promote('shapes-model', { version, to: 'production' })
const onnx = await client.models.export('shapes-model', 'onnx')
await writeFile('shapes-model.onnx', new Uint8Array(await onnx.arrayBuffer()))
