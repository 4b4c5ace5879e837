import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DamagedError } from '../errors.js'
import { Reference } from '../spec/model-watch.js'
import { shapeOf } from '../store/shape.js'

/** In the folder of a version. */
export const referenceFile = 'reference.json'

const reference = shapeOf<Reference>(Reference)

/** The reference in the folder of a version; null if it is older than references. Throws a DamagedError. */
export async function readReference(folder: string, key: string): Promise<Reference | null> {
  const text = await readFile(join(folder, referenceFile), 'utf8').catch(error => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  const file = `${key}/${referenceFile}`
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new DamagedError(file, 'is not valid JSON', error)
  }
  const problem = reference.problem(value)
  if (problem !== null) throw new DamagedError(file, `has unexpected content: ${problem}`)
  return value as Reference
}
