import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { JobResources } from '../../src/spec/job-resources.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open()
  await deployment.client.datasets.push('digits', await mnistSample(640))
})
after(() => deployment.close())

const pointsOf = ({ columns }: JobResources, attempt: number) =>
  columns.attempt.flatMap((number, i) => (number === attempt ? [i] : []))

test('what the trainers of a job use is charted over its life, also if its worker is killed', async () => {
  const { client } = deployment
  const { id } = await client.jobs.submit({
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    dataset: 'digits',
    training: { steps: 1_000_000, batchSize: 16, logEvery: 10, checkpointEvery: 100_000 },
  })
  const trained = (attempt: number) =>
    eventually(`points of attempt ${attempt}`, async () => {
      const resources = await client.jobs.resources(id)
      const { examplesPerSecond } = resources.columns
      const speeds = pointsOf(resources, attempt).filter(i => examplesPerSecond[i] !== null)
      return speeds.length >= 2 && resources
    })
  await trained(1)
  process.kill(await deployment.pidOf('workers/worker.js'), 'SIGKILL')
  const { columns, measurements, damagedLines } = await trained(2)
  await client.jobs.act(id, 'cancel')

  assert.equal(damagedLines, 0)
  assert.equal(measurements, columns.time.length)
  assert.deepEqual(columns.time, [...columns.time].sort())
  assert.deepEqual(columns.attempt, [...columns.attempt].sort())
  for (const column of Object.values(columns)) assert.equal(column.length, columns.time.length)
  // the first of an attempt may have been made before the trainer had computed anything
  assert.ok(columns.cpuCores.some(cores => cores !== null && cores > 0.1))
  assert.ok(columns.residentBytes.every(bytes => bytes === null || bytes > 10e6))
  assert.ok(columns.residentBytes.some(bytes => bytes !== null && bytes > 100e6))
  assert.ok(columns.examplesPerSecond.some(speed => speed !== null && speed > 1))
  assert.ok(columns.step.some(step => step > 0))
  assert.ok(columns.writeBytesPerSecond.some(bytes => bytes !== null))
})
