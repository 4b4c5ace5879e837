import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runConversion } from '../../src/datasets/run-conversion.js'
import { conversionOf } from './conversion.js'
import { writeCsv } from './csv-text.js'
import { writeNpy } from './npy.js'
import { draw, missing, resolution, width } from './synthetic.js'

/** A table in every form that a subject reads: CSV, .npy, and the files that an upload becomes. */
export async function writeTable(path: string, rows: number, seed: number): Promise<void> {
  const drawn = draw(rows, seed)
  const { units, labels } = drawn
  const values = new Float32Array(units.length)
  units.forEach((unit, at) => {
    values[at] = unit === missing ? Number.NaN : unit / resolution
  })
  writeNpy(`${path}-x.npy`, values, [rows, width])
  writeNpy(`${path}-y.npy`, Float32Array.from(labels), [rows])
  writeCsv(`${path}.csv`, drawn)
  mkdirSync(path)
  const conversion = await runConversion(conversionOf(path, path))
  writeFileSync(join(path, 'manifest.json'), JSON.stringify(conversion))
}
