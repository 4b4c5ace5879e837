import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { validateForm } from '../../../src/datasets/form.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { runConversion } from '../../../src/datasets/run-conversion.js'
import { pythonOf } from '../../venv.js'
import { makePhotos } from '../photos.js'
import { imageSide, type StoredImages } from './cases.js'

/** Photographs of a side, or of different sizes: as files in folders by class, and as trainyard stores them. */
export async function storePhotos(
  folder: string,
  side: number | null,
  images: number,
): Promise<{ photos: string; stored: StoredImages }> {
  const zip = await makePhotos(join(folder, 'photos.zip'), { images, ...(side && { side }) })
  const photos = join(folder, 'photos')
  const python = await pythonOf('images', 'cpu')
  await promisify(execFile)(python, ['-m', 'zipfile', '-e', zip, photos])
  const scratch = join(folder, 'scratch')
  await mkdir(scratch)
  const result = await runConversion({
    files: [{ name: 'photos.zip', path: zip }],
    form: validateForm(side ? {} : { resize: String(imageSide) }),
    folder,
    scratch,
    limits: defaultLimits,
  })
  if (result.kind !== 'images') throw new Error(`photographs became a ${result.kind}`)
  const manifest = { ...result, name: 'photos', createdAt: new Date(0).toISOString() }
  return { photos, stored: { manifest, folder } }
}
