import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../../testing/free-port.js'
import { withTempFolder } from '../../../testing/temp-folder.js'
import { root } from '../../paths.js'
import { pythonProgram } from '../../peer.js'
import type { EnvironmentName } from '../../peer-versions.js'
import { pythonOf } from '../../venv.js'
import type { WithServer } from '../server.js'
import { controlsOf, withServerProcess } from '../server-processes.js'
import { fileBody, formBody, type NetworkProtocol, oipBody } from './protocols.js'
import type { NetworkInput } from './served-network.js'

export const pythonFolder = join(root, 'bench', 'serve', 'python')
const execute = promisify(execFile)

interface Peer {
  environment: EnvironmentName
  script: string
  engine?: string
  precision?: 'fp32' | 'bf16' | 'int8'
  /** The file or folder of the network that it reads. */
  model(input: NetworkInput, folder: string): string | Promise<string>
  protocol: NetworkProtocol
  /** Whether a program of it loads libpython, and does not find it where a Python of its own was installed. */
  loadsPython?: boolean
  /** Whose versions are reported. */
  packages: readonly string[]
}

const onnxOf = ({ network }: NetworkInput) => network.onnx

const litserveOpenVino: Peer = {
  environment: 'serve-openvino',
  script: 'with_litserve.py',
  engine: 'openvino',
  model: onnxOf,
  protocol: fileBody,
  packages: ['litserve', 'openvino', 'Pillow'],
}

const peers = {
  'litserve-openvino': litserveOpenVino,
  'litserve-openvino-bf16': { ...litserveOpenVino, precision: 'bf16' },
  'litserve-openvino-int8': { ...litserveOpenVino, precision: 'int8', model: quantizedByNncf },
  'litserve-torch': {
    environment: 'serve-torch',
    script: 'with_litserve.py',
    engine: 'torch',
    model: onnxOf,
    protocol: fileBody,
    packages: ['litserve', 'torch', 'Pillow'],
  },
  'fastapi-onnxruntime': {
    environment: 'serve-onnxruntime',
    script: 'with_fastapi.py',
    model: onnxOf,
    protocol: fileBody,
    packages: ['onnxruntime', 'fastapi', 'uvicorn', 'Pillow'],
  },
  'bentoml-keras': {
    environment: 'serve-bentoml',
    script: 'with_bentoml.py',
    model: ({ network }) => join(network.folder, 'saved_model'),
    protocol: formBody,
    packages: ['bentoml', 'keras', 'tensorflow-cpu', 'Pillow'],
  },
  'pytriton-onnxruntime': {
    environment: 'serve-pytriton',
    script: 'with_pytriton.py',
    model: onnxOf,
    protocol: oipBody,
    loadsPython: true,
    packages: ['nvidia-pytriton', 'onnxruntime', 'Pillow'],
  },
} satisfies Record<string, Peer>

/** The servers in Python, by name. */
export const networkPeers = Object.fromEntries(
  Object.entries(peers).map(([name, peer]) => [name, withPeer(peer)]),
) as Readonly<Record<keyof typeof peers, WithServer<NetworkInput>>>

function withPeer(peer: Peer): WithServer<NetworkInput> {
  return (input, work) =>
    withTempFolder(async folder => {
      const python = await pythonOf(peer.environment, 'cpu')
      const model = await peer.model(input, folder)
      const port = await freePort()
      const { side, threads, files, network } = input
      const options = {
        engine: peer.engine ?? '',
        model,
        precision: peer.precision ?? 'fp32',
        side,
        threads,
        port,
      }
      const program = programOf(python, peer.script, options)
      const env = peer.loadsPython
        ? { ...program.env, LD_LIBRARY_PATH: await libraryFolder(python) }
        : program.env
      const { requestOf, probabilities } = peer.protocol
      const requests = network.probes.map(({ file }) => requestOf(port, file, files.format))
      return withServerProcess({ ...program, env }, requests[0]!, async ({ pid, startSeconds }) =>
        work({
          ...controlsOf(pid),
          startSeconds,
          requests,
          probabilities,
          versions: await versionsOf(python, peer.packages),
        }),
      )
    })
}

function programOf(python: string, script: string, options: Record<string, string | number>) {
  const threads = Number(options.threads)
  const entries = Object.entries(options)
  if (script !== 'with_bentoml.py') {
    const args = entries.map(([name, value]) => `--${name}=${value}`)
    return pythonProgram(python, [join(pythonFolder, script), ...args], threads)
  }
  // bentoml imports the service by name, in each of its processes
  const serve = ['serve', 'with_bentoml:Classifier', '--working-dir', pythonFolder]
  const program = pythonProgram(
    python,
    ['-m', 'bentoml', ...serve, '--host', '127.0.0.1', '--port', String(options.port)],
    threads,
  )
  const env = { SERVE_OPTIONS: JSON.stringify(options), BENTOML_DO_NOT_TRACK: 'True' }
  return { ...program, env: { ...program.env, ...env, PYTHONDONTWRITEBYTECODE: '1' } }
}

/** By NNCF, with its default number of images and its preset for networks of any activation. */
async function quantizedByNncf({ network, side }: NetworkInput, folder: string): Promise<string> {
  const python = await pythonOf('nncf', 'cpu')
  const target = join(folder, 'network.xml')
  const args = [network.onnx, network.trainingImages, String(side), target]
  await execute(python, ['-B', join(pythonFolder, 'quantize_nncf.py'), ...args], {
    maxBuffer: 2 ** 26,
  })
  return target
}

async function libraryFolder(python: string): Promise<string> {
  const code = "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"
  return (await execute(python, ['-c', code])).stdout.trim()
}

async function versionsOf(python: string, packages: readonly string[]) {
  const code = `import json, sys; from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))`
  const { stdout } = await execute(python, ['-c', code, ...packages])
  return JSON.parse(stdout) as Record<string, string>
}
