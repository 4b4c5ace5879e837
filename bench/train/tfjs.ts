// TensorFlow.js's `trainOnBatch`, on the same binding and libtensorflow as Trainyard.
import { loadTensorFlowJs, type TensorFlowJs } from '../../testing/tensorflow-js.js'
import { runSubject } from '../subject-protocol.js'
import type { CaseRequest } from './cases.js'
import type { PreparedTraining } from './ready.js'
import { noise } from './synthetic.js'
import { build } from './tfjs-networks.js'

async function prepare({ network, size, batch, classes }: CaseRequest): Promise<PreparedTraining> {
  const tf = loadTensorFlowJs()
  const model = build(tf, network, size, classes)
  const loss = (truth: ReturnType<typeof tf.tensor>, logits: ReturnType<typeof tf.tensor>) =>
    tf.losses.softmaxCrossEntropy(truth, logits)
  model.compile({ optimizer: tf.train.adam(1e-3, 0.9, 0.999, 1e-7), loss })
  const shape: [number, number, number, number] = [batch, size, size, 3]
  const pixels = Float32Array.from(noise(0, batch * size * size * 3), byte => byte / 127.5 - 1)
  const images = tf.tensor4d(pixels, shape)
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: batch }, (_, i) => i % classes),
      'int32',
    ),
    classes,
  )
  const step = async () => {
    const since = performance.now()
    await model.trainOnBatch(images, labels)
    return performance.now() - since
  }
  await step()
  return {
    ready: {
      parameters: model.trainableWeights.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      versions: versionsOf(tf),
    },
    async steps(count) {
      const times: number[] = []
      while (times.length < count) times.push(await step())
      return times
    },
  }
}

/** Of TensorFlow.js, and of libtensorflow as the binding says it. */
function versionsOf(tf: TensorFlowJs): Record<string, string> {
  const { binding } = tf.backend() as unknown as { binding: { TF_Version: string } }
  return {
    node: process.versions.node,
    'TensorFlow.js': tf.version.tfjs,
    tensorflow: binding.TF_Version,
  }
}

const sizeOf = (shape: readonly (number | null)[]) =>
  shape.reduce<number>((size, side) => size * (side ?? 1), 1)

await runSubject(prepare)
