import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runConversion } from '../../src/datasets/run-conversion.js'
import { conversionOf } from './conversion.js'
import { writeCsv } from './csv-text.js'
import { writeNpy } from './npy.js'
import { generateRows, missingValue, resolution, width } from './synthetic.js'

/** Writes a table in every format that a subject reads: CSV, .npy, and Trainyard's data set files. */
export async function writeTable(path: string, rows: number, seed: number): Promise<void> {
  const sample = generateRows(rows, seed)
  const { units, labels } = sample
  const values = new Float32Array(units.length)
  units.forEach((unit, at) => {
    values[at] = unit === missingValue ? Number.NaN : unit / resolution
  })
  writeNpy(`${path}-x.npy`, values, [rows, width])
  writeNpy(`${path}-y.npy`, Float32Array.from(labels), [rows])
  writeCsv(`${path}.csv`, sample)
  mkdirSync(path)
  const conversion = await runConversion(conversionOf(path, path))
  writeFileSync(join(path, 'manifest.json'), JSON.stringify(conversion))
}
