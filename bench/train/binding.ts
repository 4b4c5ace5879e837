import type { TensorFlow } from '../../src/engine/tensorflow.js'

/** The versions that a Node subject runs on; libtensorflow reports its own. */
export const versionsOf = (tf: TensorFlow): Record<string, string> => ({
  node: process.versions.node,
  tensorflow: tf.version,
})
