import type { Notes } from '../../spec/notes.js'
import { countNotFinite, type PredictionTable } from './prediction-table.js'

/** Adds a note if predictions have numbers that JSON cannot have; `notes` are those of the table's head. */
export function notFiniteNote(table: PredictionTable, notes: Notes): PredictionTable {
  const found = countNotFinite(table)
  if (found === 0) return table
  const message = `${found} of ${table.count} predictions have numbers that are NaN or infinite; in JSON, they are the texts "NaN", "Infinity" and "-Infinity"`
  notes.add('numbers_not_finite', message)
  return { ...table, head: { ...table.head, notes: notes.all } }
}
