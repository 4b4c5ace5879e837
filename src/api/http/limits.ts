export interface Limits {
  /** JSON bodies, except those of predictions. */
  bodyBytes: number
  /** JSON and CSV bodies of predictions. */
  instanceBytes: number
  instances: number
  /** Table rows in one prediction request. */
  rows: number
  /** Table rows in one prediction request with SHAP values. */
  explainedRows: number
  /** Numbers that go into a prediction (rows times columns) or come out of it (instances times classes). */
  predictionValues: number
  /** SHAP values in one answer: rows times columns times outputs. */
  explainedValues: number
  rowBytes: number
  columns: number
  imageBytes: number
  /** Image files in one prediction request, also in a form. */
  imageFiles: number
  /** Values of all images in a prediction request, once they have the size that the model takes; but see `fewImages`. */
  pixelValues: number
  /** Width times height of an image, checked from its header before it is decoded. */
  imagePixels: number
  /** Bodies of all requests in flight that are held in memory, and what is made of them until the answer. */
  allBodiesBytes: number
  /** What the server holds in memory of an upload, which it writes to disk as it arrives. */
  uploadBufferBytes: number
  /** How long a body may take before its rate counts. */
  bodyGraceMs: number
  /** Minimum average rate of a body that is held in memory. */
  bodyBytesPerSecond: number
  /** Minimum average rate of a form, which is written to disk as it arrives. */
  uploadBytesPerSecond: number
  /** How long the head of a request may take. */
  headersTimeoutMs: number
  uploadFileBytes: number
  uploadFiles: number
  uploadIdleTimeoutMs: number
  /** How long a connection may be idle, even while it waits for a response. */
  connectionTimeoutMs: number
  heartbeatMs: number
}

const MiB = 2 ** 20

export const defaultLimits: Limits = {
  bodyBytes: MiB,
  instanceBytes: 8 * MiB,
  instances: 256,
  rows: 10_000,
  explainedRows: 1000,
  predictionValues: 4_000_000,
  explainedValues: 1_000_000,
  rowBytes: MiB,
  columns: 10_000,
  imageBytes: 32 * MiB,
  imageFiles: 256,
  pixelValues: 16 * MiB,
  imagePixels: 64_000_000,
  allBodiesBytes: 256 * MiB,
  uploadBufferBytes: MiB,
  bodyGraceMs: 30_000,
  bodyBytesPerSecond: 64 * 1024,
  uploadBytesPerSecond: 8 * 1024,
  headersTimeoutMs: 20_000,
  uploadFileBytes: 64 * 1024 * MiB,
  uploadFiles: 10_000,
  uploadIdleTimeoutMs: 60_000,
  connectionTimeoutMs: 120_000,
  heartbeatMs: 15_000,
}
