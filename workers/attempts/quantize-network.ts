import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { TensorFlow } from '../../src/engine/tensorflow.js'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession, type Session } from '../../src/graph/session.js'
import {
  calibrationSignature,
  divergence,
  RangeCollector,
} from '../../src/quantization/calibration.js'
import { quantizationPoints } from '../../src/quantization/points.js'
import { filterProgram, quantizedProgram } from '../../src/quantization/quantize.js'
import type { ImageSample } from '../../src/training/image-reader.js'
import { buildServingProgram, type ServedNetwork } from '../../src/training/serving.js'
import { forEachBatch, type ImageSource } from './measure-precision.js'

interface Folders {
  /** The SavedModel of the network in float32. */
  fp32: string
  /** Where the 8-bit network goes. */
  int8: string
  /** For what is needed on the way. */
  temp: string
}

/** Writes the 8-bit form of a served network, with ranges calibrated on a sample. */
export async function quantizeNetwork(
  source: ImageSource,
  network: ServedNetwork,
  { fp32, int8, temp }: Folders,
  sample: ImageSample,
): Promise<void> {
  const { tf } = source
  // a second copy of the network would need ranges of its own
  const program = buildServingProgram(network, { withFiles: false })
  const { inputs, outputs } = program.signatures.serving_default!
  const points = quantizationPoints(outputs.logits!)
  const filters = filterProgram(program.variables ?? [], points)
  await mkdir(int8, { recursive: true })
  await writeSavedModel(join(temp, 'filters'), filters.graph, filters)
  await withSession(tf, join(temp, 'filters'), session =>
    session.run('quantize', { from: variablesPrefix(fp32), to: variablesPrefix(int8) }),
  )

  const calibrate = calibrationSignature(inputs.images!, points.activations)
  const collector = new RangeCollector(points.activations.length)
  await writeSavedModel(join(temp, 'calibration'), program.graph, {
    ...program,
    signatures: { calibrate },
  })
  await symlink(join(fp32, 'variables'), join(temp, 'calibration', 'variables'))
  await withSession(tf, join(temp, 'calibration'), session =>
    forEachBatch(source, sample, ({ pixels, shape }) => {
      const extremes = session.run('calibrate', { images: { data: pixels, shape } })
      collector.add(extremes.floats('min'), extremes.floats('max'))
    }),
  )

  const candidates = collector.candidates.map(ranges => quantizedProgram(program, points, ranges))
  const divergences: number[] = []
  for (const [i, candidate] of candidates.entries()) {
    const folder = join(temp, `candidate-${i}`)
    await writeSavedModel(folder, candidate.graph, candidate)
    await symlink(join(int8, 'variables'), join(folder, 'variables'))
    divergences.push(await divergenceFrom(source, fp32, folder, sample))
  }
  const best = candidates[divergences.indexOf(Math.min(...divergences))]
  if (!best) throw new Error(`the network cannot be calibrated: it predicts ${divergences}`)
  await writeSavedModel(int8, best.graph, best)
}

/** How far the probabilities of a network are from those of another on a sample. */
function divergenceFrom(source: ImageSource, fp32: string, folder: string, sample: ImageSample) {
  return withSession(source.tf, fp32, reference =>
    withSession(source.tf, folder, async quantized => {
      let sum = 0
      await forEachBatch(source, sample, ({ pixels, shape }) => {
        const feeds = { images: { data: pixels, shape } }
        const [expected, actual] = [reference, quantized].map(session =>
          session.run('serving_default', feeds).floats('probabilities'),
        )
        sum += divergence(expected!, actual!)
      })
      return sum
    }),
  )
}

async function withSession<T>(
  tf: TensorFlow,
  folder: string,
  use: (session: Session) => T | Promise<T>,
): Promise<T> {
  const session = await openSession(tf, folder)
  try {
    return await use(session)
  } finally {
    session.close()
  }
}
