import type { Graph } from '../../src/graph/graph.js'
import { type SavedModelSpec, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession, type Runtime, type Session } from '../../src/graph/session.js'
import { type CleanupScope, tempFolder } from '../../testing/temp-folder.js'
import { loadTensorFlowJs } from '../../testing/tensorflow-js.js'

/** TensorFlow, which counts its tensors. */
export function tensorflow(): Runtime & { memory(): { numTensors: number } } {
  return loadTensorFlowJs() as unknown as Runtime & { memory(): { numTensors: number } }
}

/** Writes the graph to a temporary folder and opens it; closed after the test or file. */
export async function openGraphSession(
  scope: CleanupScope,
  graph: Graph,
  signatures: SavedModelSpec['signatures'],
): Promise<Session> {
  const folder = await tempFolder(scope)
  await writeSavedModel(folder, graph, { signatures })
  const session = await openSession(tensorflow(), folder)
  scope.after(() => session.close())
  return session
}
