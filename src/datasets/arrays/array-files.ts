// Arrays of NPY files, and of NPZ archives, which are zips of NPY files.
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { openArchive } from '../archives/open-archive.js'
import { fileError } from '../errors.js'
import { FileProblems } from '../file-problems.js'
import { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { isNpyHeader, type NpyArray, openNpy } from './npy.js'

/** Arrays of one upload. */
const maxArrays = 1000

/**
 * Reads the headers of all arrays. Inflates those of an NPZ into `scratch` first. Their files are closed, and opened
 * again by the first read: `close` them after that.
 */
export async function openArrayFiles(
  files: readonly InputFile[],
  scratch: string,
  limits: DatasetLimits,
): Promise<NpyArray[]> {
  const arrays: NpyArray[] = []
  const add = (name: string, file: InputFile, location = { file: file.name }) => {
    if (arrays.length === maxArrays) {
      const detail = `the upload has more than ${maxArrays} arrays`
      throw fileError('DATASET_TOO_LARGE', location, detail)
    }
    try {
      arrays.push(openNpy(name, file, location))
    } finally {
      file.close()
    }
  }
  for (const [index, file] of files.entries()) {
    if (isNpyHeader(file.read(0, 6))) add(withoutEnding(file.name), file)
    else await openNpz(file, join(scratch, `npz-${index}`), limits, add)
  }
  return arrays
}

async function openNpz(
  file: InputFile,
  /** The begin of the paths of inflated arrays. */
  scratchPath: string,
  limits: DatasetLimits,
  add: (name: string, file: InputFile, location: { file: string; entry: string }) => void,
): Promise<void> {
  const problems = new FileProblems()
  const { archive } = await openArchive(file, 'zip', limits, problems)
  problems.throwIfAny()
  for (let entry = 0; entry < archive.count; entry++) {
    const { entry: path } = archive.location(entry)
    const start = archive.head(entry, 6)
    const location = { file: file.name, entry: path! }
    if (!isNpyHeader(start)) {
      const detail = 'the entry is no NumPy array, as those of an NPZ are'
      throw fileError('DATASET_FORMAT', location, detail)
    }
    // the name of the entry is none on disk
    const inflated = `${scratchPath}-${entry}.npy`
    await pipeline(() => archive.chunks(entry), createWriteStream(inflated, { flags: 'wx' }))
    add(withoutEnding(path!), new InputFile(file.name, inflated), location)
  }
}

const withoutEnding = (name: string): string => name.replace(/\.npy$/i, '')
