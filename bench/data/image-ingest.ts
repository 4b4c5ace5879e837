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

/** How much larger the sides of a phone's photographs are than those of ImageNet's: about 4000 x 3000. */
const phoneEnlargement = 8
/** So that both cases take about as long. */
const imagesPerPhonePhoto = 40

/** Zips of JPEGs of two classes, about 500 x 375 and about 4000 x 3000, to TFRecords of 224 x 224. */
export const imageIngest: DataPart = async (folder, { images }, threads) => {
  const phonePhotos = Math.ceil(images / imagesPerPhonePhoto)
  const inputs = [
    { name: `${images}-jpegs`, photos: { images } },
    {
      name: `${phonePhotos}-large-jpegs`,
      photos: { images: phonePhotos, enlarge: phoneEnlargement },
    },
  ]
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
  const cases = []
  for (const { name, photos } of inputs) {
    const zip = await makePhotos(join(folder, `${name}.zip`), photos)
    const request = { zip, folder, size: 224, processes: pythonProcesses }
    cases.push({ name, request, programs, images: photos.images })
  }
  return cases
}
