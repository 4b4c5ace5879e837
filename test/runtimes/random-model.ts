import './serving-environment.js'

import { join } from 'node:path'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { buildServingProgram } from '../../src/training/serving.js'
import { plan, images as referenceImages, runtime } from '../training/reference-job.js'

export const tf = runtime

export const classes = 5

/** Writes the served model of a network with random weights, as a job would publish it. */
export async function writeRandomModel(
  parent: string,
  model: NetworkOptions,
  side: number,
): Promise<string> {
  const images = { ...referenceImages, height: side, width: side }
  const program = buildTrainingProgram({ model, images, classes, plan })
  const programFolder = join(parent, 'program')
  await writeSavedModel(programFolder, program.graph, program)
  const session = await openSession(tf, programFolder)
  try {
    session.run('init', { seed: 7 })
    const serving = buildServingProgram({ model, images, classes })
    const folder = join(parent, 'saved_model')
    await writeSavedModel(folder, serving.graph, serving)
    session.run('export', { model: variablesPrefix(folder) })
    return folder
  } finally {
    session.close()
  }
}

/** Images with pixels 0 to 255, the same for the same arguments. */
export function randomImages(n: number, side: number) {
  let state = 1
  const data = Float32Array.from({ length: n * side * side * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
  return { data, shape: [n, side, side, 3] as const }
}
