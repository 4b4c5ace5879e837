import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { engineEnvironment } from '../../src/engine/environment.js'
import { root } from '../paths.js'
import { pythonProgram } from '../peer.js'
import type { Program } from '../subject.js'
import type { Torch } from './requirements.js'

export interface Machine {
  device: 'cuda' | 'cpu'
  threads: number
  torch: Torch | null
}

/** Trainyard as it is, and with what TensorFlow offers beside: each is tried before it becomes a setting. */
const ourSubjects: Readonly<Record<string, Record<string, string>>> = {
  trainyard: {},
  // TensorFlow then makes one op of a batch norm in 16 bits, the sum beside it and the ReLU
  'trainyard-fused-norm': { TF_USE_CUDNN_BATCHNORM_SPATIAL_PERSISTENT: '1' },
  'trainyard-xla': { TF_XLA_FLAGS: '--tf_xla_auto_jit=2' },
}

const torchSubjects: Readonly<Record<string, readonly string[]>> = {
  torch: [],
  'torch-compile': ['--compile'],
}

export const subjectNames = [...Object.keys(ourSubjects), ...Object.keys(torchSubjects)]

/** How a subject is started; null for PyTorch if it is missing. */
export function programOf(name: string, { device, threads, torch }: Machine): Program | null {
  const settings = ourSubjects[name]
  if (!settings) {
    if (!torch || (device === 'cuda' && !torch.cuda)) return null
    const script = join(root, 'bench', 'train', 'python', 'with_torch.py')
    return pythonProgram(torch.python, [script, ...torchSubjects[name]!], threads)
  }
  return {
    command: process.execPath,
    args: [scriptOf('../train/trainyard.js')],
    env: { ...environmentOf(device, threads), ...settings },
  }
}

export const boostingProgram = (device: Machine['device'], threads: number): Program => ({
  command: process.execPath,
  args: [scriptOf('../boosting/trainyard.js')],
  env: environmentOf(device, threads),
})

const environmentOf = (device: Machine['device'], cores: number) =>
  engineEnvironment({ cores, gpus: device === 'cuda' ? '0' : '' })

const scriptOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))
