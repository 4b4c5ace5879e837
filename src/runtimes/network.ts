/** The libraries that run networks. */
export type RuntimeName = 'tensorflow' | 'openvino'
/** The type that convolutions and matrix products compute in. */
export type NetworkPrecision = 'fp32' | 'bf16' | 'int8'

/** The size of a network's images. */
export type ImageShape = readonly [height: number, width: number, channels: number]

/** Images, row-major, with pixels 0 to 255. */
export interface ImageBatch {
  data: Float32Array | Uint8Array
  shape: readonly [n: number, h: number, w: number, c: number]
}

/** What a network says of a batch, row-major [images, classes]. */
export interface NetworkOutput {
  logits: Float32Array
  probabilities: Float32Array
  classes: number
}

/** What runs a network, and why. */
export interface RuntimeChoice {
  readonly runtime: RuntimeName
  readonly precision: NetworkPrecision
  /** A clause, such as `measured on this machine: …`. */
  readonly reason: string
  /** Whether it is not what was asked for, or less than the platform offers. */
  readonly isFallback: boolean
}

/** A network loaded for prediction. */
export interface LoadedNetwork extends RuntimeChoice {
  /** Bytes of its files. In memory it takes several times as many. */
  readonly bytes: number
  /** Runs one batch after another. `data` must not change until the promise is settled. */
  run(batch: ImageBatch): Promise<NetworkOutput>
  close(): void
}

export interface NetworkOptions {
  /** The processor cores that one run may use. */
  threads: number
  runtime: RuntimeName | 'auto'
  /** `int8` says that the graph was quantized. `auto` is fp32: the others cost accuracy, which the caller knows. */
  precision: NetworkPrecision | 'auto'
  /** The size of its images, if requests for a few of them are to be answered fast. */
  image?: ImageShape
  /** Where choices that were measured are kept; without it, each load measures. */
  cacheFolder?: string
}

/** The signature that predicts, and its tensors. */
export const serving = { signature: 'serving_default', input: 'images' } as const

export const floatPixels = (data: ImageBatch['data']): Float32Array =>
  data instanceof Float32Array ? data : new Float32Array(data)
