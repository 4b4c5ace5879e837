import { compileOpenVino, type OpenVinoModel } from '../engine/openvino.js'
import {
  floatPixels,
  type ImageBatch,
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

export function openVinoNetwork(
  model: OpenVinoModel,
  bytes: number,
  choice: RuntimeChoice,
): LoadedNetwork {
  return { ...choice, bytes, run: batch => predict(model, batch), close: () => model.close() }
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
