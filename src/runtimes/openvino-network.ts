import { compileOpenVino, type OpenVinoModel } from '../engine/openvino.js'
import {
  floatPixels,
  type ImageBatch,
  type ImageShape,
  type LoadedNetwork,
  type NetworkOutput,
  type NetworkPrecision,
  type RuntimeChoice,
} from './network.js'

const hints = { fp32: 'f32', bf16: 'bf16', int8: 'f32' } as const

/** Compiles a SavedModel for batches of any size. Throws OpenVinoError and ENGINE_MISSING. */
export const compileNetwork = (
  folder: string,
  threads: number,
  precision: NetworkPrecision,
): OpenVinoModel =>
  compileOpenVino(folder, {
    threads,
    precision: hints[precision],
    outputs: ['logits', 'probabilities'],
  })

/**
 * After a run, OpenVINO's threads but the first look for more work for about so long, on cores that others could use: a
 * run that takes no longer itself costs less on one thread. The number of threads changes no bit of the answers.
 */
const spinMs = 1
/** The first ones prepare what the others use, while threads of other runs may still spin. */
const trialRuns = { onAllThreads: 4, onOneThread: 20 }

/** The network on one thread, for batches of a few images. */
export interface ShortRuns {
  model: OpenVinoModel
  maxImages: number
}

/** Null if an image alone takes so long that all `threads` should share it. Throws what OpenVINO throws. */
export async function compileForShortRuns(
  folder: string,
  precision: NetworkPrecision,
  { model, threads }: { model: OpenVinoModel; threads: number },
  image: ImageShape,
): Promise<ShortRuns | null> {
  if (threads === 1) return null
  // an upper bound: what runs in a millisecond on one thread, and all threads that spin
  const maxCpuMs = (threads + 1) * spinMs
  if ((await cpuMsOfImage(model, image, trialRuns.onAllThreads)) > maxCpuMs) return null
  const onOneThread = compileNetwork(folder, 1, precision)
  try {
    const cpuMs = await cpuMsOfImage(onOneThread, image, trialRuns.onOneThread)
    const maxImages = Math.floor(spinMs / cpuMs)
    if (maxImages > 0) return { model: onOneThread, maxImages }
  } catch (error) {
    onOneThread.close()
    throw error
  }
  onOneThread.close()
  return null
}

/** Time of the processor, since what else the machine does would count in a time of the clock. */
async function cpuMsOfImage(
  model: OpenVinoModel,
  image: ImageShape,
  runs: number,
): Promise<number> {
  const batch: ImageBatch = {
    data: new Float32Array(image.reduce((product, size) => product * size, 1)),
    shape: [1, ...image],
  }
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage()
    await predict(model, batch)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

export function openVinoNetwork(
  model: OpenVinoModel,
  shortRuns: ShortRuns | null,
  bytes: number,
  choice: RuntimeChoice,
): LoadedNetwork {
  return {
    ...choice,
    bytes,
    run: batch =>
      predict(shortRuns && batch.shape[0] <= shortRuns.maxImages ? shortRuns.model : model, batch),
    close: () => {
      model.close()
      shortRuns?.model.close()
    },
  }
}

/** Runs on threads of OpenVINO; this one stays free. */
export async function predict(
  model: OpenVinoModel,
  { data, shape }: ImageBatch,
): Promise<NetworkOutput> {
  const { logits, probabilities } = await model.run(floatPixels(data), shape)
  return {
    logits: logits!,
    probabilities: probabilities!,
    classes: probabilities!.length / shape[0],
  }
}
