import type {
  ColumnHistogram,
  ContactSheet,
  ImageSample,
  RowSample,
} from '../../spec/dataset-preview.js'

/** Which images are wanted, in the order of the data set. */
export interface ImageFilter {
  /** The number of a class; null for all. */
  label: number | null
  /** Indices from `first` up to `end` exclusively. */
  first: number
  end: number
}

export interface SheetLayout {
  filter: ImageFilter
  columns: number
  rows: number
  /** Pixels of a side. */
  cell: number
}

export interface ImagePage {
  samples: Omit<ImageSample, 'url'>[]
  total: number
  hasMore: boolean
}

export interface RowPage {
  rows: RowSample['row'][]
}

/** What the preview process answers: operation → [input, answer]. */
export interface PreviewOperations {
  /** Images that match, from index `from` on. */
  images: [{ filter: ImageFilter; from: number; limit: number }, ImagePage]
  image: [{ index: number; asPng: boolean }, { content: Uint8Array; type: ImageType }]
  sheet: [SheetLayout, ContactSheet]
  sheetImage: [SheetLayout, { content: Uint8Array }]
  rows: [{ columns: readonly string[]; from: number; limit: number }, RowPage]
  histograms: [{ columns: readonly string[]; bins: number }, { histograms: ColumnHistogram[] }]
}

export type ImageType = 'image/png' | 'image/jpeg'

export type PreviewOperation = keyof PreviewOperations

export interface PreviewTask<Operation extends PreviewOperation = PreviewOperation> {
  operation: Operation
  /** The absolute path of the data set's folder. */
  folder: string
  /** Its path within the data folder, for messages. */
  key: string
  input: PreviewOperations[Operation][0]
}
