// TensorFlow reads its number of threads from the environment when it loads (src/engine/environment.ts).

/** NaN in an environment in which it chooses itself. */
export const threadsOf = (environment: NodeJS.ProcessEnv): number =>
  Number(environment.TF_NUM_INTRAOP_THREADS)

/** The environment of a trainer that has `threads` of TensorFlow, whatever its slot has. */
export const withThreads = (
  environment: NodeJS.ProcessEnv,
  threads: number,
): NodeJS.ProcessEnv => ({
  ...environment,
  TF_NUM_INTRAOP_THREADS: String(threads),
  TF_NUM_INTEROP_THREADS: String(threads),
})
