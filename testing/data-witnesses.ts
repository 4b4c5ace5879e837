// NumPy, pandas, pyarrow, Pillow and onnxruntime. Tests of data sets read what they wrote, and compare with what they
// read; tests of exported models compare with what they predict.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Which Python has the packages, and the folder that they are in. */
interface DataWitnesses {
  python: string
  folder: string
}

const marker = join(
  fileURLToPath(new URL('../../', import.meta.url)),
  ...['node_modules', '.trainyard', 'data-witnesses.json'],
)

const found = readMarker()

/**
 * Options of a test that runs Python. `npm test` installs the packages, and fails if it cannot; the test is
 * skipped only if it runs alone in a checkout without them.
 */
export const needsDataWitnesses: { skip: string | false } = {
  skip: found
    ? false
    : 'NumPy, pandas, pyarrow, Pillow and onnxruntime are not installed; `npm test` installs them',
}

/**
 * Runs a Python program with these packages, and returns what it prints. `args` are its `sys.argv[1:]`. Rejects
 * with what it writes to stderr if it fails or takes more than a minute.
 */
export async function runPython(program: string, ...args: string[]): Promise<string> {
  if (!found) throw new Error(String(needsDataWitnesses.skip))
  const { stdout } = await promisify(execFile)(found.python, ['-c', program, ...args], {
    env: pythonEnvironment(),
    maxBuffer: 256 * 2 ** 20,
    timeout: 60_000,
  })
  return stdout
}

/** An environment in which `python3` has the packages, for scripts that call it. */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  if (!found) throw new Error(String(needsDataWitnesses.skip))
  return {
    ...process.env,
    PATH: [dirname(found.python), process.env.PATH].filter(Boolean).join(delimiter),
    PYTHONPATH: [found.folder, process.env.PYTHONPATH].filter(Boolean).join(delimiter),
    // tests run beside others, and small arrays need no threads
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
  }
}

function readMarker(): DataWitnesses | null {
  try {
    return JSON.parse(readFileSync(marker, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
