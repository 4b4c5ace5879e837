import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { conversionFlags } from '../../src/datasets/run-conversion.js'
import { engineEnvironment } from '../../src/engine/environment.js'
import { pythonProgram } from '../peer.js'
import { pythonOf } from '../venv.js'
import type { DataPart } from './part.js'
import { pythonScript } from './python-script.js'

/** The `prepare` request. */
export interface TableRequest {
  path: string
  /** A folder that a subject may write below. */
  tempFolder: string
}

/** A table of 20 columns in a file of some format, to Arrow files. */
export const tableIngest =
  (format: 'csv' | 'parquet'): DataPart =>
  async (folder, { rows }, threads) => {
    await mkdir(folder, { recursive: true })
    const path = join(folder, `table.${format}`)
    const python = await pythonOf('frames', 'cpu')
    await promisify(execFile)(python, ['-B', pythonScript('make_table.py'), String(rows), path])
    const request: TableRequest = { path, tempFolder: folder }
    const ours = {
      command: process.execPath,
      args: [...conversionFlags, fileURLToPath(new URL('trainyard-tables.js', import.meta.url))],
      env: engineEnvironment({ cores: threads }),
    }
    const programs = new Map([
      ['trainyard', ours],
      ['pandas', pythonProgram(python, [pythonScript('with_pandas.py')], threads)],
      ['polars', pythonProgram(python, [pythonScript('with_polars.py')], threads)],
    ])
    return [{ name: `${format}-${rows}`, request, programs }]
  }
