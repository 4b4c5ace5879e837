import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { loadTensorFlow } from '../../src/engine/tensorflow.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import type { ConvKernelTable } from '../../src/spec/conv-kernels.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { buildProgram } from '../../src/training/build-program.js'
import { buildTrainingProgram, type Program } from '../../src/training/program.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { images, plan, reference } from './reference-job.js'

const job = `job-${'0'.repeat(26)}`
const options = {
  // deep filters for the size of the images
  model: { ...reference.cases[0]!.model, filters: 48 },
  images,
  classes: reference.classes,
  plan,
}

async function setUp(t: TestContext) {
  const store = await openFolderStore(await tempFolder(t))
  const records = new JobRecords(store)
  const reserved: Program[] = []
  const build = (measures: boolean) =>
    buildProgram(options, {
      tf: loadTensorFlow(),
      folders: store,
      threads: 1,
      measures,
      log: message => t.diagnostic(message),
      recorder: {
        convKernels: () => records.convKernels(job),
        agreeOnConvKernels: proposed => records.agreeOnConvKernels(job, proposed),
      },
      reserveMemory: async program => void reserved.push(program),
    })
  return { records, build, reserved }
}

const nodes = ({ graph }: Program) => graph.nodes.map(({ op }) => op.type)

/** The table with the other kernel for the filter's gradient, which every shape in it has a choice of. */
const turned = (table: ConvKernelTable): ConvKernelTable =>
  Object.fromEntries(
    Object.entries(table).map(([name, kernels]) => [
      name,
      {
        ...kernels,
        filterGradient: kernels.filterGradient === 'product' ? 'convolution' : 'product',
      },
    ]),
  )

test('the first attempt decides the kernels, and later ones take them on whatever machine', async t => {
  const { records, build, reserved } = await setUp(t)
  const first = await build(true)
  const table = await records.convKernels(job)
  assert.ok(Object.keys(table!).length > 0)
  assert.deepEqual(nodes(await build(false)), nodes(first))
  assert.equal(reserved.length, 2)
})

test('what an earlier attempt measured holds, though this machine would choose otherwise', async t => {
  const [here, elsewhere] = [await setUp(t), await setUp(t)]
  const own = await here.build(true)
  const table = turned((await here.records.convKernels(job))!)
  await elsewhere.records.agreeOnConvKernels(job, table)
  for (const measures of [false, true])
    assert.notDeepEqual(nodes(await elsewhere.build(measures)), nodes(own))
  assert.deepEqual(await elsewhere.records.convKernels(job), table)
})

test('without measuring, the kernels are those of the rule, and nothing is agreed on', async t => {
  const { records, build } = await setUp(t)
  const byRule = buildTrainingProgram(options)
  assert.deepEqual(nodes(await build(false)), nodes(byRule))
  assert.equal(await records.convKernels(job), null)
})
