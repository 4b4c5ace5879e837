import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import util from 'node:util'
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js'
import { TrainyardError } from '../errors.js'
import { bindingPackage, engineMissing } from './installation.js'

type Package = typeof import('@tensorflow/tfjs-node-gpu')
/** The package, with the backend type that it has in Node; its own declarations have only the common one. */
export type TensorFlow = Omit<Package, 'backend'> & { backend(): NodeJSKernelBackend }

/**
 * Loads libtensorflow into this process; a second call returns the same object. Loading blocks for about
 * a second, so only processes that train or predict call this, never one that serves requests.
 */
export function loadTensorFlow(): TensorFlow {
  const manifest = bindingPackage()
  const binding = join(dirname(manifest), 'lib', 'napi-v8', 'tfjs_binding.node')
  if (!existsSync(binding))
    throw engineMissing(`TensorFlow's binding is not compiled: no ${binding}`)
  restoreRemovedUtils()
  try {
    const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as TensorFlow
    // suppresses TensorFlow.js's performance hints on standard error
    tf.enableProdMode()
    freeInputsOfFailedRuns(tf)
    return tf
  } catch (cause) {
    if (cause instanceof TrainyardError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw engineMissing(`TensorFlow does not load from ${binding}: ${reason}`, cause)
  }
}

/** Node 23 dropped functions that tfjs-node 4.22 still calls (tensorflow/tfjs#8425, unreleased). */
function restoreRemovedUtils() {
  const legacyUtil = util as unknown as Record<string, unknown>
  legacyUtil.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  legacyUtil.isArray ??= Array.isArray
}

interface Backend {
  binding: { deleteTensor(id: number): void }
  getMappedInputTensorIds(...args: unknown[]): { tensorIds: number[]; newTensors: number[] }
  runSavedModel(...args: unknown[]): unknown
}

const patched = new WeakSet<Backend>()

/**
 * Fixes a leak in tfjs-node 4.22: it copies uint8 and int64 inputs for the native call and does not free
 * the copies if the call throws. scripts/binding-patch.mjs fixes the native half of the leak.
 */
function freeInputsOfFailedRuns(tf: TensorFlow) {
  const backend = tf.backend() as unknown as Backend
  if (patched.has(backend)) return
  patched.add(backend)
  const { getMappedInputTensorIds, runSavedModel } = backend
  let copies: number[] = []
  backend.getMappedInputTensorIds = (...args) => {
    const mapped = getMappedInputTensorIds.apply(backend, args)
    copies = mapped.newTensors.map(position => mapped.tensorIds[position]!)
    return mapped
  }
  backend.runSavedModel = (...args) => {
    copies = []
    try {
      return runSavedModel.apply(backend, args)
    } catch (error) {
      for (const id of copies) backend.binding.deleteTensor(id)
      throw error
    }
  }
}
