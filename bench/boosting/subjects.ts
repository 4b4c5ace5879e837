import { join } from 'node:path'
import { engineEnvironment } from '../../src/engine/environment.js'
import { bundledScript } from '../bundled-script.js'
import { root } from '../paths.js'
import { peerEnvironment, pythonProgram } from '../peer.js'
import type { EnvironmentName } from '../peer-versions.js'
import type { Program } from '../subject.js'
import { pythonOf } from '../venv.js'
import type { Task } from './cases.js'

interface SubjectSpec {
  tasks: readonly Task[]
  program(threads: number): Promise<Program>
}

const modelTasks: readonly Task[] = ['load', 'train', 'predict']

export const subjects: Readonly<Record<string, SubjectSpec>> = {
  trainyard: {
    tasks: ['ingest', ...modelTasks],
    program: async threads => ours(engineEnvironment({ cores: threads })),
  },
  // waiting threads spin, as is OpenMP's default: slower on a busy machine, faster on a quiet one
  'trainyard-spinning': {
    tasks: ['train'],
    program: async threads => ours(peerEnvironment(threads)),
  },
  xgboost: { tasks: modelTasks, program: python('xgboost', ['with_xgboost.py']) },
  // the older DMatrix keeps the values and computes bins in the first round of training
  'xgboost-dmatrix': {
    tasks: ['train'],
    program: python('xgboost', ['with_xgboost.py', '--dmatrix']),
  },
  lightgbm: { tasks: modelTasks, program: python('lightgbm', ['with_lightgbm.py']) },
  // has no matrix type to load
  sklearn: { tasks: ['train', 'predict'], program: python('sklearn', ['with_sklearn.py']) },
  pandas: { tasks: ['ingest'], program: python('pandas', ['with_pandas.py']) },
  pyarrow: { tasks: ['ingest'], program: python('pyarrow', ['with_pyarrow.py']) },
}

export const subjectNames = Object.keys(subjects)

const ours = async (env: Program['env']): Promise<Program> => ({
  command: process.execPath,
  args: [await bundledScript('bench/boosting/trainyard')],
  env,
})

function python(environment: EnvironmentName, [script, ...options]: [string, ...string[]]) {
  return async (threads: number): Promise<Program> => {
    // boosting is compared on the CPU, even if there is a GPU
    const command = await pythonOf(environment, 'cpu')
    const path = join(root, 'bench', 'boosting', 'python', script)
    return pythonProgram(command, [path, ...options], threads)
  }
}
