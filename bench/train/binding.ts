import type { TensorFlow } from '../../src/engine/tensorflow.js'

/** What both subjects in Node run on; libtensorflow says its version itself. */
export function versionsOf(tf: TensorFlow): Record<string, string> {
  const { binding } = tf.backend() as unknown as { binding: { TF_Version: string } }
  return {
    node: process.versions.node,
    'TensorFlow.js': tf.version.tfjs,
    tensorflow: binding.TF_Version,
  }
}
