import type { InputFile } from './input-file.js'
import type { DatasetLimits } from './limits.js'
import type { ProblemList } from './problem-list.js'

/** Files of one format, and what their conversion needs. */
export interface ConversionInput<Form> {
  files: InputFile[]
  form: Form
  /** The folder that gets `shards/`. */
  folder: string
  /** A folder for temporary files, which the caller removes. */
  scratch: string
  limits: DatasetLimits
  /** Takes the errors of single images and rows. Its `check` is to be called before anything is stored. */
  problems: ProblemList
  report: ReportProgress
}

/** How far a conversion has come. */
export interface ConversionProgress {
  phase: 'reading' | 'decoding' | 'writing'
  unit: 'bytes' | 'images' | 'rows'
  done: number
  /** Null if it is not known yet. */
  total: number | null
}

/** Called often; the receiver chooses what it passes on. */
export type ReportProgress = (progress: ConversionProgress) => void
