import { createRequire } from 'node:module'
import type { Graph } from '../../src/graph/graph.js'
import { type SavedModelSpec, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession, type Runtime, type Session } from '../../src/graph/session.js'
import { type CleanupScope, tempFolder } from '../../testing/temp-folder.js'

const require = createRequire(import.meta.url)

/** The TensorFlow binding. */
export function tensorflow(): Runtime & { memory(): { numTensors: number } } {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  const util = require('node:util')
  // the binding still calls a function that Node 23 removed
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  return require('@tensorflow/tfjs-node-gpu')
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
