import type { ModelManifest } from '../spec/model.js'

/** Formats that are made of a network, or of trees, when they are asked for. */
export const networkExports = ['onnx', 'tfjs', 'checkpoint'] as const
export const treeExports = ['onnx'] as const

export type MadeFormat = (typeof networkExports)[number]

export interface ExportTask {
  format: MadeFormat
  /** The folder of the version, whose files are intact. */
  folder: string
  manifest: ModelManifest
}
