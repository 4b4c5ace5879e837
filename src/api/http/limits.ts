export interface Limits {
  /** JSON bodies, save those of predictions. */
  bodyBytes: number
  /** JSON is parsed in one go: this bounds for how long the event loop stands still. */
  instanceBytes: number
  instances: number
  /** Rows of a table in one request, and those that are explained. */
  rows: number
  explainedRows: number
  rowBytes: number
  columns: number
  imageBytes: number
  /** Checked from the header, before anything decodes. */
  imagePixels: number
  uploadFileBytes: number
  uploadFiles: number
  uploadIdleTimeoutMs: number
  /** For how long a connection may carry nothing, whatever it waits for. */
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
  rowBytes: MiB,
  columns: 10_000,
  imageBytes: 32 * MiB,
  imagePixels: 64_000_000,
  uploadFileBytes: 64 * 1024 * MiB,
  uploadFiles: 100,
  uploadIdleTimeoutMs: 60_000,
  connectionTimeoutMs: 120_000,
  heartbeatMs: 15_000,
}
