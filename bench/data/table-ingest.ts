import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { engineEnvironment } from '../../src/engine/environment.js'
import { root } from '../paths.js'
import { pythonProgram } from '../peer.js'
import { pythonOf } from '../venv.js'
import type { DataPart } from './part.js'

/** The `prepare` request. */
export interface TableRequest {
  path: string
  /** A folder that a subject may write below. */
  tempFolder: string
}

const script = (name: string) => join(root, 'bench', 'data', 'python', name)

/** A table of 20 columns in a file of some format, to Arrow files. */
export const tableIngest = (format: 'csv' | 'parquet'): DataPart => ({
  async prepare(folder, { rows }) {
    await mkdir(folder, { recursive: true })
    const path = join(folder, `table.${format}`)
    const python = await pythonOf('frames', 'cpu')
    await promisify(execFile)(python, ['-B', script('make_table.py'), String(rows), path])
    const request: TableRequest = { path, tempFolder: folder }
    return { name: `${format}-${rows}`, request }
  },
  async programs(threads) {
    const python = await pythonOf('frames', 'cpu')
    const ours = {
      command: process.execPath,
      args: [fileURLToPath(new URL('trainyard-tables.js', import.meta.url))],
      env: engineEnvironment({ cores: threads }),
    }
    return new Map([
      ['trainyard', ours],
      ['pandas', pythonProgram(python, [script('with_pandas.py')], threads)],
      ['polars', pythonProgram(python, [script('with_polars.py')], threads)],
    ])
  },
})
