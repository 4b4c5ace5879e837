import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pythonPackages } from './python-packages.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What the tests of the Python client run: pytest, mypy, ruff, hatchling, Jupyter, pandas. */
const tools = pythonPackages('python-client.json', 'pytest and the tools of the Python client')
/** httpx, the only dependency of the client, for an environment without anything else. */
export const pythonClientRuntime = pythonPackages('python-client-runtime.json', 'httpx')
/** Options of a test that runs the Python client. */
export const pythonClientNeeded = tools.needed

/** A copy of the Python client, in which its tools may leave what they like. */
export class PythonClientCopy {
  private constructor(
    /** Removed at the end. */
    readonly work: string,
    readonly project: string,
  ) {}

  static async open(): Promise<PythonClientCopy> {
    const work = await mkdtemp(join(tmpdir(), 'trainyard-python-'))
    const project = join(work, 'clients', 'python')
    await cp(join(root, 'clients', 'python'), project, { recursive: true })
    // the generator of the types finds the document beside it
    const document = join('test', 'api', 'openapi.json')
    await mkdir(join(work, 'test', 'api'), { recursive: true })
    await cp(join(root, document), join(work, document))
    return new PythonClientCopy(work, project)
  }

  /** Without the saved keys and settings of whoever runs the tests. */
  environment(settings: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const environment = tools.environment()
    return {
      ...environment,
      HOME: this.work,
      XDG_CONFIG_HOME: join(this.work, 'config'),
      IPYTHONDIR: join(this.work, 'ipython'),
      PYTHONPATH: [join(this.project, 'src'), environment.PYTHONPATH].join(delimiter),
      PYTHONDONTWRITEBYTECODE: '1',
      ...settings,
    }
  }

  /** Runs Python in the copy of the client, and returns what it prints. Rejects with all output if it fails. */
  async python(
    args: readonly string[],
    env: NodeJS.ProcessEnv = this.environment(),
    cwd = this.project,
  ): Promise<string> {
    try {
      const options = { cwd, env, maxBuffer: 2 ** 26 }
      return (await promisify(execFile)('python3', args, options)).stdout
    } catch (error) {
      const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string }
      throw new Error(`${message}\n${stdout}\n${stderr}`)
    }
  }

  async close(): Promise<void> {
    await rm(this.work, { recursive: true, force: true })
  }
}
