import { createRequire } from 'node:module'
import util from 'node:util'

export type TensorFlowJs = typeof import('@tensorflow/tfjs-node-gpu')

/** TensorFlow.js on the binding, of which the product needs only the binding. */
export function loadTensorFlowJs(): TensorFlowJs {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  // Node 23 dropped functions that tfjs-node 4.22 still calls (tensorflow/tfjs#8425, unreleased)
  const legacyUtil = util as unknown as Record<string, unknown>
  legacyUtil.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  legacyUtil.isArray ??= Array.isArray
  const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as TensorFlowJs
  // suppresses TensorFlow.js's performance hints on standard error
  tf.enableProdMode()
  return tf
}
