import { type OpenVinoModel, type OpenVinoNetwork, readOpenVino } from '../engine/openvino.js'
import {
  floatPixels,
  type ImageBatch,
  type ImageShape,
  type LoadedNetwork,
  type NetworkOptions,
  type NetworkOutput,
  type NetworkPrecision,
} from './network.js'

const hints = { fp32: 'f32', bf16: 'bf16', int8: 'f32' } as const

/**
 * Compiles a network for batches of any size. `streams`: how many batches run at the same time, each on its share of
 * the threads. Throws OpenVinoError.
 */
export const compileNetwork = (
  network: OpenVinoNetwork,
  threads: number,
  precision: NetworkPrecision,
  streams = 1,
): OpenVinoModel =>
  network.compile({
    threads,
    streams,
    precision: hints[precision],
    outputs: ['logits', 'probabilities'],
  })

/**
 * The network in a stream for each thread, which wait for each other at the end of a batch alone: threads that share an
 * image wait after each layer, and burn the time of the processor while they do.
 */
export interface Streams {
  model: OpenVinoModel
  count: number
  /** Batches of so many images run in one stream, since to divide them costs more than it saves; 0 if none does. */
  maxShort: number
}

/**
 * After a run, OpenVINO's threads but the first look for more work for about so long, on cores that others could use: a
 * run that takes no longer itself costs less on one thread. The number of threads changes no bit of the answers.
 */
const spinMs = 1
/** The first ones prepare what the others use, while threads of other runs may still spin. */
const trialRuns = { onAllThreads: 4, onOneThread: 20, ofBatches: 3 }
/**
 * What a batch may cost in streams, of what it costs on threads that share its images. They are alike but for waiting,
 * and on a busy machine there is no waiting that could be measured; where streams read more weights than the caches
 * hold, they cost a multiple.
 */
const maxCost = 1.25
/** Images for each stream when streams are compared with threads. */
const trialImages = 2

/** Null if batches cost less when all `threads` share each image. Throws what OpenVINO throws. */
export async function compileStreams(
  network: OpenVinoNetwork,
  precision: NetworkPrecision,
  { model, threads }: { model: OpenVinoModel; threads: number },
  image: ImageShape,
): Promise<Streams | null> {
  if (threads === 1) return null
  const inStreams = compileNetwork(network, threads, precision, threads)
  const streams = { model: inStreams, count: threads, maxShort: 0 }
  try {
    const onAllThreads = (size: number, runs: number) =>
      cpuMsOf(() => predict(model, blank(size, image)), runs)
    // an upper bound: what runs in a millisecond on one thread, and all threads that spin
    if ((await onAllThreads(1, trialRuns.onAllThreads)) <= (threads + 1) * spinMs) {
      const cpuMs = await cpuMsOf(() => predict(inStreams, blank(1, image)), trialRuns.onOneThread)
      const maxShort = Math.floor(spinMs / cpuMs)
      if (maxShort > 0) return { ...streams, maxShort }
    }
    const size = trialImages * threads
    const divided = await cpuMsOf(
      () => predictInStreams(streams, blank(size, image)),
      trialRuns.ofBatches,
    )
    const together = await onAllThreads(size, trialRuns.ofBatches)
    if (divided < maxCost * together) return streams
  } catch (error) {
    inStreams.close()
    throw error
  }
  inStreams.close()
  return null
}

const blank = (size: number, image: ImageShape): ImageBatch => ({
  data: new Float32Array(image.reduce((product, length) => product * length, size)),
  shape: [size, ...image],
})

/** Time of the processor, since what else the machine does would count in a time of the clock. */
async function cpuMsOf(run: () => Promise<unknown>, runs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

/** A network in OpenVINO. */
export type CompiledNetwork = Pick<LoadedNetwork, 'run' | 'close'>

/** Compiles a SavedModel as `options` say. Throws OpenVinoError and ENGINE_MISSING. */
export async function openCompiled(
  folder: string,
  precision: NetworkPrecision,
  { threads, image }: Pick<NetworkOptions, 'threads' | 'image'>,
): Promise<CompiledNetwork> {
  using network = readOpenVino(folder)
  const model = compileNetwork(network, threads, precision)
  try {
    const streams = image && (await compileStreams(network, precision, { model, threads }, image))
    return streams
      ? withStreams(model, streams)
      : { run: batch => predict(model, batch), close: () => model.close() }
  } catch (error) {
    model.close()
    throw error
  }
}

function withStreams(model: OpenVinoModel, streams: Streams): CompiledNetwork {
  return {
    run: batch => {
      const [size] = batch.shape
      if (size <= streams.maxShort) return predict(streams.model, batch)
      if (fillsStreams(size, streams)) return predictInStreams(streams, batch)
      // alone it has all threads; beside others, those would wait for each other
      const isAlone = model.inFlight === 0 && streams.model.inFlight === 0
      return predict(isAlone ? model : streams.model, batch)
    },
    close: () => {
      model.close()
      streams.model.close()
    },
  }
}

/** What streams must have to do, of what they could do while the one with the most images runs. */
const minFilled = 0.75

const fillsStreams = (size: number, { count }: Streams) =>
  size >= minFilled * count * Math.ceil(size / count)

/**
 * Divides a batch among the streams. What it is divided into depends on its size alone, so that equal batches have equal
 * digits.
 */
export async function predictInStreams(
  { model, count }: Streams,
  { data, shape: [size, ...image] }: ImageBatch,
): Promise<NetworkOutput> {
  const values = data.length / size
  const outputs: Promise<NetworkOutput>[] = []
  for (let first = 0, left = count; first < size; left--) {
    const images = Math.ceil((size - first) / left)
    const part = data.subarray(first * values, (first + images) * values)
    outputs.push(predict(model, { data: part, shape: [images, ...image] }))
    first += images
  }
  return joined(await Promise.all(outputs))
}

function joined(outputs: readonly NetworkOutput[]): NetworkOutput {
  const [first] = outputs as [NetworkOutput]
  if (outputs.length === 1) return first
  const length = outputs.reduce((sum, { logits }) => sum + logits.length, 0)
  const all = {
    logits: new Float32Array(length),
    probabilities: new Float32Array(length),
    classes: first.classes,
  }
  let offset = 0
  for (const { logits, probabilities } of outputs) {
    all.logits.set(logits, offset)
    all.probabilities.set(probabilities, offset)
    offset += logits.length
  }
  return all
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
