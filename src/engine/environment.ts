export interface ProcessResources {
  /** Cores that this process may keep busy. */
  cores: number
  /** Devices it may see, as CUDA_VISIBLE_DEVICES has them: "0", or "" for none. */
  gpus?: string
}

/**
 * What a process that loads TensorFlow or XGBoost needs in its environment: a library reads it once, as
 * it loads, so it is there before that.
 */
export function engineEnvironment({ cores, gpus }: ProcessResources): Record<string, string> {
  const threads = String(Math.max(1, Math.floor(cores)))
  return {
    // by default one process takes the whole card, and trainer and predictor share it
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    TF_CPP_MIN_LOG_LEVEL: '2',
    // by default TensorFlow has oneDNN's kernels where there is AVX-512 VNNI or more; with AVX2 they
    // take half the time of its own (ResNet-50: 840 ms a step, not 1690). On ARM the choice is its own
    ...(process.arch === 'x64' && { TF_ENABLE_ONEDNN_OPTS: '1' }),
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: threads,
    // XGBoost's pool; a booster's nthread can only lower it
    OMP_NUM_THREADS: threads,
    // by default its waiting threads spin: where others want the cores, training takes five times as long
    OMP_WAIT_POLICY: 'PASSIVE',
    // GNU's: a short look first costs a busy machine little, and a quiet one waits no system call
    GOMP_SPINCOUNT: '10000',
    // the same weights again after a crash, on a GPU too
    TF_DETERMINISTIC_OPS: '1',
    ...(gpus === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpus }),
  }
}
