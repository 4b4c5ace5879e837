import { existsSync } from 'node:fs'
import koffi, { type LibraryHandle } from 'koffi'
import { readInstallation } from './installation.js'
import { runsNativeTraining } from './processor.js'
import { loadTensorFlow } from './tensorflow.js'

/** Which ops the library has: native/version.cc. Raise both with each change of an op's inputs or attributes. */
const opsVersion = 5

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

/** The same for the ops of training steps, which also need vectors: of the processor, and of the compiler. */
export const loadTrainingOps = (): boolean =>
  runsNativeTraining() &&
  loadNativeOps() &&
  library!.func('trainyard_has_vector_passes', 'int', [])() === 1

function load(): LibraryHandle | null {
  const { ops } = readInstallation()
  // set-up has said why
  if (!ops) return null
  // the library needs TensorFlow's, which the binding loads
  loadTensorFlow()
  return openOps(ops)
}

/** Null with a warning of the process if the library does not load. */
export function openOps(path: string): LibraryHandle | null {
  try {
    if (!existsSync(path)) throw new Error('there is no such file')
    const opened = koffi.load(path)
    checkVersion(opened)
    return opened
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    process.emitWarning(
      `Trainyard's own ops do not load from ${path}, so slower stock ops take their place; \`npm run setup\` compiles them: ${reason}`,
      'TrainyardWarning',
    )
    return null
  }
}

/** Throws if other sources than those of this version were compiled. */
function checkVersion(opened: LibraryHandle): void {
  let version = 1
  try {
    version = opened.func('trainyard_ops_version', 'int', [])()
  } catch {
    // the first version had no such function
  }
  if (version !== opsVersion)
    throw new Error(`it has version ${version} of the ops, this is version ${opsVersion}`)
}
