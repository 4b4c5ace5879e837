import { existsSync } from 'node:fs'
import koffi, { type LibraryHandle } from 'koffi'
import { readInstallation } from './installation.js'
import { loadTensorFlow } from './tensorflow.js'

/** Undefined before the first try. It is kept, since koffi unloads what nothing holds, and TensorFlow calls it. */
let library: LibraryHandle | null | undefined

/**
 * Adds Trainyard's own ops (the folder `native`) to TensorFlow in this process. False if set-up could not compile
 * them: whatever uses them has stock ops in their place.
 */
export function loadNativeOps(): boolean {
  if (library === undefined) library = load()
  return library !== null
}

function load(): LibraryHandle | null {
  const { ops } = readInstallation()
  if (!ops || !existsSync(ops)) return null
  // the library needs TensorFlow's, which the binding loads
  loadTensorFlow()
  try {
    return koffi.load(ops)
  } catch {
    return null
  }
}
