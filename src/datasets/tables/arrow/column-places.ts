import type { ArrowField, BatchHeader } from './arrow-schema.js'
import { bufferCountOf, type ColumnBuffers, isView } from './arrow-values.js'
import type { BodyBuffers } from './body-buffers.js'

/** A column, and where its node and buffers lie in each batch. */
export interface ArrowColumn {
  field: ArrowField
  node: number
  buffer: number
  /** Columns of views before it, each of which may have more buffers. */
  views: number
}

/** Counts nodes and buffers of all columns, since those that are left out have some as well. */
export function placedColumns(fields: readonly ArrowField[]): ArrowColumn[] {
  let node = 0
  let buffer = 0
  let views = 0
  const pass = (field: ArrowField) => {
    node++
    buffer += bufferCountOf(field)
    if (isView(field)) views++
    if (!field.dictionary) for (const child of field.children) pass(child)
  }
  return fields.map(field => {
    const placed = { field, node, buffer, views }
    pass(field)
    return placed
  })
}

/** The buffers of a column in a batch. */
export function columnBuffers(
  { field, buffer, views }: ArrowColumn,
  buffers: BodyBuffers,
  { variadic }: BatchHeader,
): ColumnBuffers {
  const extra = variadic.slice(0, views).reduce((sum, count) => sum + count, 0)
  return {
    buffers,
    first: buffer + extra,
    variadic: isView(field) ? (variadic[views] ?? 0) : 0,
  }
}
