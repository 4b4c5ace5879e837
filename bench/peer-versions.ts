// What the peers' Python environments hold, pinned. All of it comes from PyPI, through the machine's
// own pip. PyPI's torch for Linux is the CUDA build on every machine: without a GPU it runs the same
// CPU kernels as the CPU build, and costs gigabytes of disk more.

export interface Packages {
  /** With what they ask for. */
  packages: readonly string[]
  /** Alone: tf_keras asks for `tensorflow`, also where `tensorflow-cpu` is there. */
  withoutDependencies?: readonly string[]
  /** Python 3.oldest, where it takes a newer one than the others. */
  minPythonMinor?: number
}

/** Keras and its older form, over one TensorFlow: the version that Trainyard's engine is. */
const tensorflow = (wheel: string): Packages => ({
  packages: [wheel, 'keras==3.15.1', 'numpy==2.4.6'],
  withoutDependencies: ['tf_keras==2.21.0'],
})

const torch: Packages = { packages: ['torch==2.15.0', 'torchvision==0.29.2', 'numpy==2.4.6'] }

/** Trainyard's engine is the same version; its wheels are for Python 3.12 and up. */
const xgboost: Packages = {
  packages: ['xgboost-cpu==3.4.1', 'numpy==2.4.6', 'scipy==1.17.1'],
  minPythonMinor: 12,
}

// each alone: LightGBM imports whatever it knows and finds, and pays for it in memory
const lightgbm: Packages = { packages: ['lightgbm==4.7.0', 'numpy==2.4.6', 'scipy==1.17.1'] }
const sklearn: Packages = { packages: ['scikit-learn==1.9.1', 'numpy==2.4.6', 'scipy==1.17.1'] }
const pandas: Packages = { packages: ['pandas==3.1.1', 'numpy==2.4.6'] }
const pyarrow: Packages = { packages: ['pyarrow==26.0.1', 'numpy==2.4.6'] }

export const environments = {
  tensorflow: {
    cpu: tensorflow('tensorflow-cpu==2.21.0'),
    cuda: tensorflow('tensorflow[and-cuda]==2.21.0'),
  },
  torch: { cpu: torch, cuda: torch },
  xgboost: { cpu: xgboost, cuda: xgboost },
  lightgbm: { cpu: lightgbm, cuda: lightgbm },
  sklearn: { cpu: sklearn, cuda: sklearn },
  pandas: { cpu: pandas, cuda: pandas },
  pyarrow: { cpu: pyarrow, cuda: pyarrow },
} satisfies Record<string, Record<'cpu' | 'cuda', Packages>>

export type EnvironmentName = keyof typeof environments

/** Pythons for which nearly all of them have wheels: 3.oldest to 3.newest. */
export const supportedPythons = { minMinor: 11, maxMinor: 13 }
