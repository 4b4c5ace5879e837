/** The environment of one of `world` trainers that share a slot. */
export function shareOfSlot(
  environment: NodeJS.ProcessEnv,
  { rank, world }: { rank: number; world: number },
): NodeJS.ProcessEnv {
  const { OMP_NUM_THREADS: threads, CUDA_VISIBLE_DEVICES: gpus } = environment
  return {
    ...environment,
    // XGBoost's. TensorFlow's stay as they are: on their number depend the last digits of a network, which are to be the
    // same with any number of ranks
    OMP_NUM_THREADS: String(Math.max(1, Math.floor(Number(threads) / world))),
    ...(gpus && { CUDA_VISIBLE_DEVICES: gpusOfRank(gpus.split(','), rank, world).join() }),
  }
}

/** An equal share of the GPUs, each for one rank; one that others have, too, if there are fewer than ranks. */
function gpusOfRank(gpus: readonly string[], rank: number, world: number): readonly string[] {
  const each = Math.floor(gpus.length / world)
  return each === 0 ? [gpus[rank % gpus.length]!] : gpus.slice(rank * each, (rank + 1) * each)
}
