import type { TensorFlow } from '../../src/engine/tensorflow.js'

/** The versions that the two Node subjects run on; libtensorflow reports its own. */
export function versionsOf(tf: TensorFlow): Record<string, string> {
  const { binding } = tf.backend() as unknown as { binding: { TF_Version: string } }
  return {
    node: process.versions.node,
    'TensorFlow.js': tf.version.tfjs,
    tensorflow: binding.TF_Version,
  }
}
