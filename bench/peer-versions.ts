// The pinned packages of the peers' Python environments, installed from PyPI. PyPI's torch for Linux is the
// CUDA build. Without a GPU it runs the same CPU kernels as the CPU build, but takes gigabytes more disk.

export interface Packages {
  /** Installed with their dependencies. */
  packages: readonly string[]
  /** Installed without dependencies: tf_keras requires `tensorflow` even if `tensorflow-cpu` is installed. */
  withoutDependencies?: readonly string[]
  /** The oldest Python 3 minor version, if newer than `supportedPythons.minMinor`. */
  minPythonMinor?: number
  /** Whether libpython must be a shared library, as in Debian's Python. */
  needsSharedPython?: boolean
}

/** Keras and the older tf_keras on the TensorFlow version of Trainyard's engine. */
const tensorflow = (wheel: string): Packages => ({
  packages: [wheel, 'keras==3.15.1', 'numpy==2.4.6'],
  withoutDependencies: ['tf_keras==2.21.0'],
})

const torch: Packages = { packages: ['torch==2.15.0', 'torchvision==0.29.2', 'numpy==2.4.6'] }

/** The version of Trainyard's engine. Its wheels need Python 3.12. */
const xgboost: Packages = {
  packages: ['xgboost-cpu==3.4.1', 'numpy==2.4.6', 'scipy==1.17.1'],
  minPythonMinor: 12,
}

// one environment each: LightGBM imports every package it can use, which would increase its memory
const lightgbm: Packages = { packages: ['lightgbm==4.7.0', 'numpy==2.4.6', 'scipy==1.17.1'] }
const sklearn: Packages = { packages: ['scikit-learn==1.9.1', 'numpy==2.4.6', 'scipy==1.17.1'] }
const pandas: Packages = { packages: ['pandas==3.1.1', 'numpy==2.4.6'] }
const pyarrow: Packages = { packages: ['pyarrow==26.0.1', 'numpy==2.4.6'] }

/** The plain way of Python to make records of photographs; scikit-learn brings two of them. */
const images: Packages = {
  packages: ['Pillow==13.0.0', 'crc32c==2.9.post0', 'numpy==2.4.6', 'scikit-learn==1.9.1'],
}

const frames: Packages = {
  packages: ['pandas==3.1.1', 'pyarrow==26.0.1', 'polars==2.1.0', 'numpy==2.4.6'],
}

/** `mlflow models serve`, with the version of XGBoost that our engine has. */
const mlflow: Packages = {
  packages: ['mlflow==3.17.2', 'xgboost-cpu==3.4.1'],
  minPythonMinor: 12,
}

/** Trackers, whose pages show the runs that the dashboard shows. Version 3.18.0 needs an `mlflow-skinny` that PyPI lacks. */
const mlflowTracking: Packages = { packages: ['mlflow==3.17.2'] }
const tensorboard: Packages = { packages: ['tensorboard==2.21.0', 'setuptools==80.9.0'] }

/** Servers of networks, which read the file that Trainyard exports. */
const pillow = 'Pillow==13.0.0'
const litserve = ['litserve==0.2.19', 'numpy==2.4.6', pillow]
const serveOpenVino: Packages = { packages: [...litserve, 'openvino==2026.4.1'] }
const serveTorch: Packages = { packages: [...litserve, 'torch==2.15.0', 'onnx==1.22.0'] }
const serveOnnxRuntime: Packages = {
  packages: [
    ...['onnxruntime==1.32.0', 'fastapi==0.165.0', 'uvicorn==0.54.0', 'uvloop==0.23.0'],
    ...['httptools==0.9.0', 'numpy==2.4.6', pillow],
  ],
}
const serveBentoMl: Packages = {
  packages: ['bentoml==1.4.40', 'keras==3.15.1', 'tensorflow-cpu==2.21.0', pillow],
}
/** Triton's server loads Python as a shared library; its wheels have numpy before 2. */
const servePyTriton: Packages = {
  packages: ['nvidia-pytriton==0.7.0', 'onnxruntime==1.32.0', 'numpy==1.26.4', pillow],
  needsSharedPython: true,
}
const nncf: Packages = {
  packages: ['nncf==3.4.0', 'openvino==2026.4.1', 'numpy==2.4.6', pillow],
}

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
  images: { cpu: images, cuda: images },
  frames: { cpu: frames, cuda: frames },
  mlflow: { cpu: mlflow, cuda: mlflow },
  'mlflow-tracking': { cpu: mlflowTracking, cuda: mlflowTracking },
  tensorboard: { cpu: tensorboard, cuda: tensorboard },
  'serve-openvino': { cpu: serveOpenVino, cuda: serveOpenVino },
  'serve-torch': { cpu: serveTorch, cuda: serveTorch },
  'serve-onnxruntime': { cpu: serveOnnxRuntime, cuda: serveOnnxRuntime },
  'serve-bentoml': { cpu: serveBentoMl, cuda: serveBentoMl },
  'serve-pytriton': { cpu: servePyTriton, cuda: servePyTriton },
  nncf: { cpu: nncf, cuda: nncf },
} satisfies Record<string, Record<'cpu' | 'cuda', Packages>>

export type EnvironmentName = keyof typeof environments

/** The Python 3 minor versions for which nearly all packages have wheels. */
export const supportedPythons = { minMinor: 11, maxMinor: 13 }
