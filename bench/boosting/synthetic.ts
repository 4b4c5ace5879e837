import { mulberry32 } from '../../testing/random.js'

// A table shaped like HIGGS (Baldi et al. 2014, arXiv:1402.4735): 21 measured columns, 7 columns derived
// from them, and two overlapping classes.

export const width = 28
export const columnNames = Array.from({ length: width }, (_, column) => `x${column}`)
export const target = 'y'

/** All values are multiples of 1 / resolution, so that text and float32 represent the same number. */
export const resolution = 10_000

/** One in 30 values of these columns is missing. */
const columnsWithMissing = [3, 8, 13, 18]

export interface SyntheticRows {
  /** [rows, width] in row-major order, in units of 1 / resolution; `missingValue` if missing. */
  units: Int32Array
  labels: Uint8Array
}

export const missingValue = -(2 ** 31)

export function generateRows(rows: number, seed: number): SyntheticRows {
  const uniform = mulberry32(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  const units = new Int32Array(rows * width)
  const labels = new Uint8Array(rows)
  const row = new Float64Array(width)
  for (let i = 0; i < rows; i++) {
    for (let column = 0; column < 21; column++) {
      // momenta are skewed, angles are uniform
      const kind = column % 3
      row[column] =
        kind === 0 ? Math.exp(0.5 * normal()) : kind === 1 ? normal() : 2 * uniform() - 1
    }
    for (let k = 0; k < 7; k++) {
      const momenta = row[3 * k]! * row[(3 * k + 3) % 21]!
      const angle = Math.cos(Math.PI * (row[3 * k + 2]! - row[(3 * k + 5) % 21]!))
      row[21 + k] = Math.sqrt(2 * momenta * (1.2 - angle)) * Math.exp(0.1 * normal())
    }
    labels[i] = uniform() < 1 / (1 + Math.exp(-logOdds(row))) ? 1 : 0
    for (let column = 0; column < width; column++) {
      units[i * width + column] = Math.round(row[column]! * resolution)
    }
    for (const column of columnsWithMissing)
      if (uniform() < 1 / 30) units[i * width + column] = missingValue
  }
  return { units, labels }
}

/** Log odds of class 1. */
function logOdds(row: Float64Array): number {
  const [a, b, c, d] = [row[21]!, row[23]!, row[25]!, row[27]!]
  const masses = 2.2 * Math.sin(1.7 * a) * b - 1.6 * (c > 1.5 ? d : 0.5 * a) + 0.9 * b * (d - c)
  const angles = row[1]! * row[4]! + 1.5 * row[2]! * row[7]! * row[10]! - 0.8 * Math.abs(row[13]!)
  return 0.7 * (masses + angles + 1.7)
}
