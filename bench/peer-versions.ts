// What the peers' Python environments hold, pinned. All of it comes from PyPI, through the machine's
// own pip. PyPI's torch for Linux is the CUDA build on every machine: without a GPU it runs the same
// CPU kernels as the CPU build, and costs gigabytes of disk more.

export interface Packages {
  /** With what they ask for. */
  packages: readonly string[]
  /** Alone: tf_keras asks for `tensorflow`, also where `tensorflow-cpu` is there. */
  alone?: readonly string[]
}

/** Keras and its older form, over one TensorFlow: the version that Trainyard's engine is. */
const tensorflow = (wheel: string): Packages => ({
  packages: [wheel, 'keras==3.15.1', 'numpy==2.4.6'],
  alone: ['tf_keras==2.21.0'],
})

const torch: Packages = { packages: ['torch==2.15.0', 'torchvision==0.29.2', 'numpy==2.4.6'] }

export const environments = {
  tensorflow: {
    cpu: tensorflow('tensorflow-cpu==2.21.0'),
    cuda: tensorflow('tensorflow[and-cuda]==2.21.0'),
  },
  torch: { cpu: torch, cuda: torch },
} satisfies Record<string, Record<'cpu' | 'cuda', Packages>>

export type EnvironmentName = keyof typeof environments

/** Pythons for which all of them have wheels: 3.oldest to 3.newest. */
export const pythons = { oldest: 11, newest: 13 }
