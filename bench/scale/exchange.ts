// Subjects of the scale bench: the update of a network's weights by the gradients of one or of several devices, which
// are there already. It is a step without its forward and backward passes.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { loadTrainingOps } from '../../src/engine/native-ops.js'
import { loadTensorFlow } from '../../src/engine/tensorflow.js'
import { effectOutputs } from '../../src/graph/effect-outputs.js'
import { Graph } from '../../src/graph/graph.js'
import { fill, scalar } from '../../src/graph/ops/constant.js'
import { identity } from '../../src/graph/ops/control.js'
import { assignOwned, updateInPlace } from '../../src/graph/ops/native-optimizers.js'
import { type Variable, variable } from '../../src/graph/ops/state.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import { type Shape, sizeOf } from '../../src/graph/shape.js'
import { deviceNames, sessionOptions } from '../../src/training/devices.js'
import { groupsOf } from '../../src/training/one-pass-update.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { BenchError } from '../failure.js'
import { runSubject } from '../subject-protocol.js'
import { versionsOf } from '../train/binding.js'
import type { CaseRequest } from '../train/cases.js'
import { planJob } from '../train/job.js'
import { models } from '../train/models.js'
import type { PreparedTraining } from '../train/ready.js'
import { writeDataset } from '../train/synthetic.js'

const devices = Number(process.argv[2])
const plan = { shards: 2 }

/** The shapes of the weights that a case trains: those with a moment. */
async function weightShapes(request: CaseRequest, tempFolder: string): Promise<Shape[]> {
  const dataset = await writeDataset(request, join(tempFolder, 'dataset'))
  const { name, network, classes } = request
  const { model, training } = planJob(name, dataset, { model: models[network], training: {} })
  const records = { training: dataset.records, validation: 0 }
  const { graph } = buildTrainingProgram({
    model,
    images: dataset,
    classes,
    plan: training,
    records,
  })
  return graph.nodes
    .filter(({ op, name }) => op.type === 'VarHandleOp' && name.endsWith('/Adam'))
    .map(({ attrs }) => (attrs as { shape: Shape }).shape)
}

/** A program with one signature that fills all variables, and one that updates the weights. */
function updateProgram(shapes: readonly Shape[]) {
  const graph = new Graph()
  const all: Variable[] = []
  const variables = (name: string) =>
    shapes.map((shape, i) => {
      const created = variable(graph, `${name}/${i}`, shape)
      all.push(created)
      return created
    })
  const [weights, first, second] = ['weights', 'first', 'second'].map(variables)
  const gradients = deviceNames(plan, 'cpu', { workers: 1, devices }).map((device, i) => {
    const values = variables(`gradients_${i}`).map(({ value }) => value)
    return graph.onDevice(device, () => values.map(value => identity(value)))
  })
  const learningRate = scalar(graph, 1e-3)
  const updates = groupsOf(weights!).map(indices => {
    const pick = <T>(values: readonly T[]) => indices.map(i => values[i]!)
    return updateInPlace(
      {
        ...{ weights: pick(weights!), gradients: gradients.flatMap(pick), atOnce: devices },
        ...{ l2: indices.map(() => 0), batches: devices, sums: [], averages: [], copies: [] },
        slots: [...pick(first!), ...pick(second!)],
        ...{ weightDecay: indices.map(() => 0), decoupled: false, learningRate },
        rule: { rule: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
        betaPowers: [scalar(graph, 0.9), scalar(graph, 0.999)],
      },
      {},
    )
  })
  const initial = all.map(target => assignOwned(target, fill(graph, target.shape, 0.5)))
  const signatures = {
    init: { inputs: {}, outputs: effectOutputs(graph, 'initialized', initial) },
    update: { inputs: {}, outputs: effectOutputs(graph, 'updated', updates) },
  }
  return { graph, signatures }
}

await runSubject(async (request: CaseRequest): Promise<PreparedTraining> => {
  if (!loadTrainingOps()) throw new BenchError('the ops of native/ are not compiled')
  const tempFolder = join(request.tempFolder, `exchange-${devices}`)
  await mkdir(tempFolder)
  const shapes = await weightShapes(request, tempFolder)
  const folder = join(tempFolder, 'program')
  const program = updateProgram(shapes)
  await writeSavedModel(folder, program.graph, program)
  const tf = loadTensorFlow()
  const session = await openSession(tf, folder, sessionOptions(plan, 'cpu', devices))
  session.run('init')
  session.run('update')
  const parameters = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0)
  return {
    ready: { parameters, versions: versionsOf(tf) },
    steps: async count =>
      Array.from({ length: count }, () => {
        const since = performance.now()
        session.run('update')
        return performance.now() - since
      }),
  }
})
