// Python packages that `npm test` installs. Tests compare with what they read, write, answer and predict.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

interface Installation {
  python: string
  folder: string
}

export interface PythonPackages {
  /**
   * Options of a test that runs Python. `npm test` installs the packages, and fails if it cannot; the test is
   * skipped only if it runs alone in a checkout without them.
   */
  needed: { skip: string | false }
  /**
   * Runs a Python program with the packages, and returns what it prints. `args` are its `sys.argv[1:]`. Rejects
   * with what it writes to stderr if it fails or takes more than a minute.
   */
  run(program: string, ...args: string[]): Promise<string>
  /** Where the packages are; empty if they are not installed. */
  folder: string
  /** An environment in which `python3` has the packages, for scripts that call it. */
  environment(): NodeJS.ProcessEnv
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** `marker`: the file that set-up writes; `title`: the packages, for a message. */
export function pythonPackages(marker: string, title: string): PythonPackages {
  const found = readMarker(join(root, 'node_modules', '.trainyard', marker))
  const skip = found ? false : `${title} are not installed; \`npm test\` installs them`
  const environment = (): NodeJS.ProcessEnv => {
    if (!found) throw new Error(String(skip))
    return {
      ...process.env,
      PATH: [dirname(found.python), process.env.PATH].filter(Boolean).join(delimiter),
      PYTHONPATH: [found.folder, process.env.PYTHONPATH].filter(Boolean).join(delimiter),
      // tests run beside others, and small arrays need no threads
      OMP_NUM_THREADS: '1',
      OPENBLAS_NUM_THREADS: '1',
    }
  }
  return {
    needed: { skip },
    folder: found?.folder ?? '',
    environment,
    async run(program, ...args) {
      if (!found) throw new Error(String(skip))
      const { stdout } = await promisify(execFile)(found.python, ['-c', program, ...args], {
        env: environment(),
        maxBuffer: 256 * 2 ** 20,
        timeout: 60_000,
      })
      return stdout
    },
  }
}

function readMarker(file: string): Installation | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
