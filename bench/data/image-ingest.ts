import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { engineEnvironment } from '../../src/engine/environment.js'
import { pythonProgram } from '../peer.js'
import { pythonOf } from '../venv.js'
import type { DataPart } from './part.js'
import { makePhotos } from './photos.js'
import { pythonScript } from './python-script.js'

/** As many as the goal names. */
const pythonProcesses = 2

/** A zip of JPEGs of two classes, about 500 x 375, to TFRecords of 224 x 224. */
export const imageIngest: DataPart = async (folder, { images }, threads) => {
  const zip = await makePhotos(join(folder, 'photos.zip'), { images })
  const python = await pythonOf('images', 'cpu')
  const ours = {
    command: process.execPath,
    args: [fileURLToPath(new URL('trainyard-images.js', import.meta.url))],
    env: engineEnvironment({ cores: threads }),
  }
  const programs = new Map([
    ['trainyard', ours],
    ['pillow', pythonProgram(python, [pythonScript('with_pillow.py')], threads)],
  ])
  const request = { zip, folder, size: 224, processes: pythonProcesses }
  return [{ name: `${images}-jpegs`, request, programs, images }]
}
