import { existsSync } from 'node:fs'
import koffi from 'koffi'
import { readInstallation } from './installation.js'
import { loadTensorFlow } from './tensorflow.js'

let loaded: boolean | null = null

/**
 * Adds Trainyard's own ops (the folder `native`) to TensorFlow in this process. False if set-up could not compile
 * them: whatever uses them has stock ops in their place.
 */
export function loadNativeOps(): boolean {
  loaded ??= load()
  return loaded
}

function load(): boolean {
  const { ops } = readInstallation()
  if (!ops || !existsSync(ops)) return false
  // the library needs TensorFlow's, which the binding loads
  loadTensorFlow()
  try {
    koffi.load(ops)
    return true
  } catch {
    return false
  }
}
