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

const pythonFolder = join(root, 'bench', 'data', 'python')
/** As many as the goal names. */
const pythonProcesses = 2

/** A zip of JPEGs of two classes, about 500 x 375, to TFRecords of 224 x 224. */
export const imageIngest: DataPart = {
  async prepare(folder, { images }) {
    await mkdir(folder, { recursive: true })
    const zip = join(folder, 'photos.zip')
    const script = join(pythonFolder, 'make_photos.py')
    await promisify(execFile)(await pythonOf('images', 'cpu'), ['-B', script, zip, String(images)])
    const request = { zip, folder, size: 224, processes: pythonProcesses }
    return { name: `${images}-jpegs`, request }
  },
  programs: async threads =>
    new Map([
      [
        'trainyard',
        {
          command: process.execPath,
          args: [fileURLToPath(new URL('trainyard-images.js', import.meta.url))],
          env: engineEnvironment({ cores: threads }),
        },
      ],
      [
        'pillow',
        pythonProgram(
          await pythonOf('images', 'cpu'),
          [join(pythonFolder, 'with_pillow.py')],
          threads,
        ),
      ],
    ]),
}
