import { effectOutputs } from '../graph/effect-outputs.js'
import { Graph } from '../graph/graph.js'
import { restoreTensors, saveTensors } from '../graph/ops/checkpoint.js'
import { placeholder } from '../graph/ops/constant.js'
import type { SavedModelSpec } from '../graph/saved-model.js'
import { foldedValues } from '../nets/fold.js'
import { createLayers } from '../nets/layers.js'
import { Variables } from '../nets/variables.js'
import { averageName } from './ema.js'
import { buildNetwork } from './network.js'
import type { ServedNetwork } from './serving.js'

/**
 * A graph that turns a checkpoint of a training job into the weights of a served model, as the program's `export`
 * does, but without the program: it reads no data and holds no optimizer. `names`: the tensors of the checkpoint, of
 * which moving averages go before the weights. Signature `export`: file prefixes `from` and `to`.
 */
export function buildCheckpointExport(
  { model, images, classes }: ServedNetwork,
  names: ReadonlySet<string>,
): SavedModelSpec & { graph: Graph } {
  const network = new Graph()
  const variables = new Variables(network)
  const layers = createLayers(variables, 'inference')
  const shape = [-1, images.height, images.width, images.channels]
  buildNetwork(layers, placeholder(network, 'images', 'float32', shape), model, classes)

  const graph = new Graph()
  const from = placeholder(graph, 'from', 'string')
  const to = placeholder(graph, 'to', 'string')
  const specs = variables.all.map(({ name, shape, value }) => {
    const average = averageName(name)
    return { name: names.has(average) ? average : name, shape, dtype: value.dtype }
  })
  const restored = restoreTensors(from, specs)
  const exported = variables.all.map(({ name }, i) => ({ name, value: restored[i]! }))
  const folded = graph.nameScope('fold', () => foldedValues(layers.folds, exported))
  const values = Object.fromEntries(exported.map(({ name, value }) => [name, value]))
  return {
    graph,
    signatures: {
      export: {
        inputs: { from, to },
        outputs: effectOutputs(graph, 'exported', [saveTensors(to, { ...values, ...folded })]),
      },
    },
  }
}
