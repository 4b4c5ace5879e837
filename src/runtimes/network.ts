/** The libraries that run networks. */
export type RuntimeName = 'tensorflow' | 'openvino'
/** The type that convolutions and matrix products compute in. */
export type NetworkPrecision = 'fp32' | 'bf16' | 'int8'

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

/** A network loaded for prediction. */
export interface LoadedNetwork {
  readonly runtime: RuntimeName
  readonly precision: NetworkPrecision
  /** Bytes of memory that it holds, as far as they are known. */
  readonly bytes: number
  run(batch: ImageBatch): Promise<NetworkOutput>
  close(): void
}

export interface NetworkOptions {
  /** The processor cores that one run may use. */
  threads: number
  runtime: RuntimeName | 'auto'
  precision: NetworkPrecision | 'auto'
}
