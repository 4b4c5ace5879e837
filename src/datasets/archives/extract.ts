import { join } from 'node:path'
import { fileError } from '../errors.js'
import { kindHeadBytes } from '../file-kinds.js'
import type { FileProblems } from '../file-problems.js'
import { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { spoolToDisk, type UploadUsage } from '../spool.js'
import type { FileList } from './file-list.js'
import { isTarHeader } from './tar-header.js'
import { zipKind } from './zip-kind.js'

/**
 * Writes files of archives to the folder for temporary files, under numbers, and inflates those that are
 * compressed by themselves. Archives among them are problems.
 */
export async function extractFiles(
  lists: readonly FileList[],
  scratch: string,
  limits: DatasetLimits,
  problems: FileProblems,
): Promise<InputFile[]> {
  const files: InputFile[] = []
  const usage: UploadUsage = { receivedBytes: 0, inflatedBytes: 0 }
  for (const list of lists) {
    for (let file = 0; file < list.count; file++) {
      if (files.length === limits.dataFiles) {
        const detail = `the upload has more than ${limits.dataFiles} files that are no images`
        throw fileError('DATASET_TOO_LARGE', list.location(file), detail)
      }
      const { file: archive, entry } = list.location(file)
      const name = entry === undefined ? archive : `${archive}/${entry}`
      const path = join(scratch, `entry-${files.length}`)
      await spoolToDisk(name, list.chunks(file), path, usage, limits)
      const extracted = new InputFile(name, path)
      files.push(extracted)
      const nested = nameArchive(extracted)
      if (!nested) continue
      const detail = `the file is ${nested} within the archive, which is not unpacked: send it by itself`
      problems.add('DATASET_FORMAT', list.location(file), detail)
    }
  }
  return files
}

function nameArchive(file: InputFile): string | null {
  const head = Buffer.from(file.read(0, kindHeadBytes))
  file.close()
  if (isTarHeader(head)) return 'a tar archive'
  if (!head.toString('latin1', 0, 4).startsWith('PK\x03\x04')) return null
  const { kind } = zipKind(file)
  file.close()
  return kind === 'archive' ? 'a zip archive' : null
}
