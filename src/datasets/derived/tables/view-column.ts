import type {
  CategoryColumn,
  ColumnType,
  NumericColumn,
  TableColumn,
} from '../../../spec/dataset.js'
import { type ArrowShard, arrayTypeOf, type ShardBatch } from '../../tables/arrow-shard.js'
import type { SourceType, Texts } from '../../tables/columns/column-batch.js'
import { textsOf } from '../../tables/columns/prepared-values.js'

type StoredColumn = NumericColumn | CategoryColumn

/** The values of some rows: NaN is a missing number, -1 the code of a missing text. */
export type Values = Float32Array | Float64Array | Int32Array

/** A batch of the rows of a stored table, with the file that it lies in. */
export interface ViewBatch {
  shard: ArrowShard
  batch: ShardBatch
  /** Its first row among all rows of the table. */
  firstRow: number
  rows: number
}

/** A column of a table that is being derived. */
export interface ViewColumn {
  name: string
  /** What `read` gives: texts are codes of `categories`. */
  sourceType: SourceType
  /** The type that the derived table is to have. */
  type: Exclude<ColumnType, 'text'>
  /** Of texts. */
  categories: readonly string[] | null
  dictionary: Texts | null
  /** The values of a batch, one for each row. The next call may overwrite them. */
  read(batch: ViewBatch): Values
}

export const isStored = (column: TableColumn): column is StoredColumn => column.type !== 'text'

/** The columns of a table as they are stored. */
export function storedViewColumns(columns: readonly TableColumn[]): ViewColumn[] {
  return columns.filter(isStored).map((column, index) => {
    const categories = column.type === 'category' ? column.categories : null
    return {
      name: column.name,
      type: column.type,
      sourceType: column.type === 'category' ? 'text' : column.type,
      categories,
      dictionary: categories && textsOf(categories),
      read: ({ shard, batch, rows }) => {
        const values = new (arrayTypeOf(shard.fields[index]!))(rows)
        batch.read(index, 0, values)
        return values
      },
    }
  })
}

/** A single value, as conditions and keys compare it: by the type of the column. Null is missing. */
export function cellOf(column: ViewColumn, value: number): number | string | boolean | null {
  const { type, categories } = column
  if (categories) {
    if (value < 0) return null
    const text = categories[value]!
    if (type === 'category') return text
    return type === 'boolean' ? text.toLowerCase() === 'true' || text === '1' : Number(text)
  }
  if (Number.isNaN(value)) return null
  if (type === 'category')
    return column.sourceType === 'boolean' ? String(value === 1) : String(value)
  return type === 'boolean' ? value === 1 : value
}

/** `cellOf` for many values: each text is looked at once. */
export function mapValues<T>(
  column: ViewColumn,
  map: (value: number | string | boolean | null) => T,
): (value: number) => T {
  const { categories } = column
  if (!categories) return value => map(cellOf(column, value))
  const missing = map(null)
  const mapped = categories.map((_, code) => map(cellOf(column, code)))
  return code => (code < 0 ? missing : mapped[code]!)
}
