export const imageFormats = ['tfrecord', 'folders'] as const
export const tableFormats = ['csv', 'parquet', 'arrow'] as const

export type ExportFormat = (typeof imageFormats)[number] | (typeof tableFormats)[number]

export interface ExportTask {
  format: ExportFormat
  /** The absolute path of the data set's folder. */
  folder: string
  /** Its path within the data folder, for messages. */
  key: string
}
