import { join } from 'node:path'
import { Reference } from '../spec/model-watch.js'
import { parseRecord, readRecordText } from '../store/record-file.js'
import { shapeOf } from '../store/shape.js'

/** In the folder of a version. */
export const referenceFile = 'reference.json'

const shape = shapeOf<Reference>(Reference)

/** The reference in the folder of a version; null if it is older than references. Throws a DamagedError. */
export async function readReference(folder: string, key: string): Promise<Reference | null> {
  const file = `${key}/${referenceFile}`
  const text = await readRecordText(join(folder, referenceFile), file)
  return text === null ? null : parseRecord(text, file, { shape })
}
