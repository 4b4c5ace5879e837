import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { pythonOf } from '../venv.js'
import { pythonScript } from './python-script.js'

/**
 * Writes a zip of JPEGs of two classes; returns its path. They are `side` pixels wide and high, or without
 * it of different sizes, about 500 x 375 times `enlarge`.
 */
export async function makePhotos(
  zip: string,
  { images, side, enlarge }: { images: number; side?: number; enlarge?: number },
): Promise<string> {
  await mkdir(dirname(zip), { recursive: true })
  const args = ['-B', pythonScript('make_photos.py'), zip, String(images)]
  if (side) args.push('--side', String(side))
  if (enlarge) args.push('--enlarge', String(enlarge))
  await promisify(execFile)(await pythonOf('images', 'cpu'), args)
  return zip
}
