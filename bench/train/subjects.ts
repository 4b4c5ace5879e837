import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { engineEnvironment } from '../../src/engine/environment.js'
import { cpuFlags, supportsBfloat16 } from '../../src/engine/processor.js'
import { root } from '../paths.js'
import { peerEnvironment, pythonProgram } from '../peer.js'
import type { Program } from '../subject.js'
import { pythonOf } from '../venv.js'
import type { Case, Precision } from './cases.js'

/** The hardware that all subjects use. */
export interface Resources {
  kind: 'cpu' | 'cuda'
  threads: number
}

interface SubjectSpec {
  program(resources: Resources): Promise<Program>
  /** Why the subject does not support a precision. */
  unsupported?: Partial<Record<Precision, string>>
}

export const subjects = {
  trainyard: {
    program: async ({ threads }) => ours('trainyard', [], engineEnvironment({ cores: threads })),
  },
  'trainyard-stock': {
    program: async ({ threads }) =>
      ours('trainyard', ['--stock-kernels'], engineEnvironment({ cores: threads })),
  },
  keras: { program: resources => python('tensorflow', ['with_keras.py'], resources) },
  'tf-keras': { program: resources => python('tensorflow', ['with_tf_keras.py'], resources) },
  torch: { program: resources => python('torch', ['with_torch.py'], resources) },
  'torch-compile': {
    program: resources => python('torch', ['with_torch.py', '--compile'], resources),
  },
  tfjs: {
    program: async ({ threads }) => ours('tfjs', [], peerEnvironment(threads)),
    unsupported: {
      bf16: 'TensorFlow.js has no bfloat16',
      fp16: 'TensorFlow.js has no mixed precision',
    },
  },
} satisfies Record<string, SubjectSpec>

export type SubjectName = keyof typeof subjects

export const subjectNames = Object.keys(subjects) as SubjectName[]

/** Why a subject cannot run a case; undefined if it can. */
export function unsupportedReason(
  subject: SubjectName,
  { precision }: Case,
  kind: Resources['kind'],
) {
  if (precision === 'fp16' && kind === 'cpu') return 'fp16 needs a GPU'
  // emulated, a step of the smallest network takes 30 s
  if (precision === 'bf16' && kind === 'cpu' && !supportsBfloat16(cpuFlags())) {
    return 'this processor has no instructions for bfloat16'
  }
  return (subjects[subject] as SubjectSpec).unsupported?.[precision]
}

const ours = (name: string, options: readonly string[], env: Program['env']): Program => ({
  command: process.execPath,
  args: [fileURLToPath(new URL(`${name}.js`, import.meta.url)), ...options],
  env,
})

async function python(
  environment: Parameters<typeof pythonOf>[0],
  [script, ...options]: readonly [string, ...string[]],
  { kind, threads }: Resources,
): Promise<Program> {
  const command = await pythonOf(environment, kind)
  const path = join(root, 'bench', 'train', 'python', script)
  return pythonProgram(command, [path, ...options], threads)
}
