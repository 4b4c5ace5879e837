export interface ProcessResources {
  /** Cores that the process may use; may be a fraction. */
  cores: number
  /** GPUs that the process may use, in the form of CUDA_VISIBLE_DEVICES: "0", or "" for none. */
  gpus?: string
}

/**
 * The environment of a process that loads TensorFlow or XGBoost. It must be set before the library
 * loads, which reads it once.
 */
export function engineEnvironment({ cores, gpus }: ProcessResources): Record<string, string> {
  const threads = String(Math.max(1, Math.floor(cores)))
  return {
    // by default one process takes all GPU memory, but trainer and predictor share the GPU
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    TF_CPP_MIN_LOG_LEVEL: '2',
    // by default TensorFlow uses oneDNN only with AVX-512 VNNI or newer, but with AVX2 it halves the
    // time too (ResNet-50: 840 ms a step instead of 1690). On ARM we leave the choice to TensorFlow
    ...(process.arch === 'x64' && { TF_ENABLE_ONEDNN_OPTS: '1' }),
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: threads,
    // size of XGBoost's thread pool; a booster's nthread can only lower it
    OMP_NUM_THREADS: threads,
    // by default waiting threads spin; if other processes need the cores, training takes five times as long
    OMP_WAIT_POLICY: 'PASSIVE',
    // for GNU's OpenMP: a short spin costs a busy machine little and saves an idle one system calls
    GOMP_SPINCOUNT: '10000',
    // a resumed job must reach the same weights, also on a GPU
    TF_DETERMINISTIC_OPS: '1',
    ...(gpus === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpus }),
  }
}

/**
 * For processes that only predict, in addition: weights never change, so TensorFlow lays them out for its kernels
 * once, as it does constants, and not for every batch (ResNet-50: 72 ms an image on one core instead of 118).
 */
export const servingEnvironment: Readonly<Record<string, string>> = {
  TF_ONEDNN_ASSUME_FROZEN_WEIGHTS: '1',
}
