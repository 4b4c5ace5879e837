import { fileError } from '../errors.js'
import { type ByteSource, type CsvLimits, CsvReader, type CsvRow } from './csv.js'
import { checkFieldCount, inferDialect, parseColumnNames } from './dialect/csv-dialect.js'

/** Most headers are shorter; a longer one is read again. */
const headerBytes = 2 ** 14

/** The rows of a CSV text with a header, as of a prediction request. */
export interface CsvRows {
  /** Of its columns, from the header. */
  names: readonly string[]
  /** Visits the rows below the header. Errors name line and column, as in an upload. */
  forEachRow(visit: (row: CsvRow) => void): void
}

/**
 * Reads the header of a CSV text. `knownNames`: columns that it may have, by which the delimiter is found if it is
 * in none of the rows.
 */
export function openCsvRows(
  name: string,
  content: Uint8Array,
  limits: CsvLimits & { rows: number },
  knownNames: readonly string[] = [],
): CsvRows {
  const file = bufferSource(name, content)
  const dialect = inferDialect(file, { header: true }, limits, { names: knownNames })
  const { endsInDelimiter } = dialect
  const reader = new CsvReader(file, dialect.delimiter, limits)
  let names: string[] = []
  reader.forEachRow(row => {
    names = parseColumnNames(name, row, endsInDelimiter)
    return false
  }, headerBytes)
  return {
    names,
    forEachRow(visit) {
      let count = 0
      reader.forEachRow(row => {
        checkFieldCount(name, row, names, endsInDelimiter)
        if (count++ === limits.rows) throw tooManyRowsError(name, row, limits.rows)
        visit(row)
      })
    },
  }
}

function tooManyRowsError(file: string, { line }: CsvRow, maxRows: number) {
  return fileError('DATASET_TOO_LARGE', { file, line }, `there are more than ${maxRows} rows`)
}

function bufferSource(name: string, content: Uint8Array): ByteSource {
  const bytes = content.length
  // a copy, since the reader writes into its input
  return {
    name,
    size: bytes,
    read: (offset, length) => Buffer.from(content.subarray(offset, offset + length)),
  }
}
