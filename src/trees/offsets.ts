import type { Link } from './links.js'

/** Adds the offset of each row to its margin, for an objective with one output. In float32, as trees are added. */
export const addOffsets = (margins: Float32Array, offsets: Float32Array): Float32Array =>
  margins.map((margin, row) => margin + offsets[row]!)

/** The predictions of margins, for an objective with one output. */
export function predictionsOf(margins: Float32Array, link: Link): Float32Array {
  const values = margins.slice()
  link.predict(values, 0, values.length)
  return values
}
