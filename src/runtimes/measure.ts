import type { ImageBatch, RuntimeName } from './network.js'

/** Milliseconds of a batch, by its size. */
export type BatchTimes = Readonly<Record<number, number>>
export type Measurement = Readonly<Record<RuntimeName, BatchTimes>>

/** A single image shows the cost of a call, a batch that of the arithmetic. */
const sizes = [1, 8]
const runs = 3

/**
 * The shortest of a few runs after the first one, which prepares what later ones use. The runtimes take turns, so
 * that what else the machine does slows down both.
 */
export async function measure(
  runtimes: Readonly<Record<RuntimeName, (batch: ImageBatch) => Promise<unknown>>>,
  [height, width, channels]: readonly [number, number, number],
): Promise<Measurement> {
  const times = { tensorflow: {} as Record<number, number>, openvino: {} as Record<number, number> }
  for (const n of sizes) {
    const data = Float32Array.from({ length: n * height * width * channels }, (_, i) => i % 256)
    const batch: ImageBatch = { data, shape: [n, height, width, channels] }
    for (let i = 0; i <= runs; i++) {
      for (const name of ['openvino', 'tensorflow'] as const) {
        const startedAt = performance.now()
        await runtimes[name](batch)
        const ms = performance.now() - startedAt
        if (i > 0) times[name][n] = Math.min(times[name][n] ?? ms, ms)
      }
    }
  }
  return times
}

/** The runtime that takes less time, by the geometric mean over the sizes. */
export function faster({ tensorflow, openvino }: Measurement): RuntimeName {
  const ratio = sizes.reduce((product, n) => product * (openvino[n]! / tensorflow[n]!), 1)
  return ratio < 1 ? 'openvino' : 'tensorflow'
}

export function describe({ tensorflow, openvino }: Measurement): string {
  const list = (times: BatchTimes) => sizes.map(n => times[n]!.toFixed(1)).join(' and ')
  return `measured on this machine: batches of ${sizes.join(' and ')} take ${list(openvino)} ms in OpenVINO, ${list(tensorflow)} ms in TensorFlow`
}
