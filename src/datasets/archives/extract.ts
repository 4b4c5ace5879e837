import { join } from 'node:path'
import { fileError } from '../errors.js'
import { kindHeadBytes } from '../file-kinds.js'
import type { FileProblems } from '../file-problems.js'
import { isCifar } from '../images/cifar.js'
import { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { spoolToDisk, type UploadUsage } from '../spool.js'
import type { FileList } from './file-list.js'
import type { SortedFiles } from './sort-files.js'
import { isTarHeader } from './tar-header.js'
import { zipKind } from './zip-kind.js'

/**
 * Writes files of archives to the folder for temporary files, under numbers, and inflates those that are
 * compressed by themselves. Archives among them are problems. Texts beside other files describe them.
 */
export async function extractFiles(
  { data, texts }: Pick<SortedFiles, 'data' | 'texts'>,
  scratch: string,
  limits: DatasetLimits,
  problems: FileProblems,
): Promise<InputFile[]> {
  const extractor = new Extractor(scratch, limits, problems)
  await extractor.addAll(data)
  // the texts beside CIFAR's files have the names of its classes
  if (data.count === 0 || extractor.files.every(isCifar)) await extractor.addAll(texts)
  return extractor.files
}

class Extractor {
  readonly files: InputFile[] = []
  private readonly usage: UploadUsage = { receivedBytes: 0, inflatedBytes: 0 }

  constructor(
    private readonly scratch: string,
    private readonly limits: DatasetLimits,
    private readonly problems: FileProblems,
  ) {}

  async addAll(list: FileList): Promise<void> {
    for (let file = 0; file < list.count; file++) await this.add(list, file)
  }

  private async add(list: FileList, number: number): Promise<void> {
    const { files, limits, usage } = this
    const location = list.location(number)
    if (files.length === limits.dataFiles) {
      const detail = `the upload has more than ${limits.dataFiles} files that are no images`
      throw fileError('DATASET_TOO_LARGE', location, detail)
    }
    const { file: archive, entry } = location
    const name = entry === undefined ? archive : `${archive}/${entry}`
    const path = join(this.scratch, `entry-${files.length}`)
    await spoolToDisk(name, list.chunks(number), path, usage, limits)
    const file = new InputFile(name, path)
    files.push(file)
    const nested = nameArchive(file)
    if (!nested) return
    const detail = `the file is ${nested} within the archive, which is not unpacked: send it by itself`
    this.problems.add('DATASET_FORMAT', location, detail)
  }
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
