import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { crc32 } from '@node-rs/crc32'
import { openFileTree } from '../../../src/datasets/archives/file-tree.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import { type DatasetLimits, defaultLimits } from '../../../src/datasets/limits.js'
import { ProblemList } from '../../../src/datasets/problem-list.js'
import { Notes } from '../../../src/spec/notes.js'

/** A PNG of one grey pixel, so that images differ. */
export function pngOf(value: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    checksum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, checksum])
  }
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.of(0, value))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

export interface ReadImage {
  /** The path in the archive, or the loose file. */
  path: string
  label: string | number
  split: string | null
  content: Buffer
}

export interface ReadTree {
  images: ReadImage[]
  classNames: readonly string[] | null
  notes: string
  codes: string[]
  skipped: number
}

interface TreeOptions {
  labels?: string[]
  limits?: Partial<DatasetLimits>
  skip?: boolean
}

/** Writes files as an upload does. */
export async function inputFiles(
  root: string,
  files: Record<string, Uint8Array>,
): Promise<{ inputs: InputFile[]; scratch: string }> {
  const scratch = await mkdtemp(join(root, 'upload-'))
  const inputs: InputFile[] = []
  for (const [name, content] of Object.entries(files)) {
    const path = join(scratch, String(inputs.length))
    await writeFile(path, content)
    inputs.push(new InputFile(name, path))
  }
  return { inputs, scratch }
}

/** Reads the images of an upload with their labels. Rejects if it is refused. */
export async function readTree(
  root: string,
  files: Record<string, Uint8Array>,
  { labels, limits, skip }: TreeOptions = {},
): Promise<ReadTree> {
  const { inputs, scratch } = await inputFiles(root, files)
  try {
    const allLimits = { ...defaultLimits, ...limits }
    const tree = await openFileTree(inputs, scratch, allLimits)
    if (tree.kind !== 'images') throw new Error('the upload has no images')
    const problems = new ProblemList({ mode: skip ? 'skip' : 'refuse', maxSkipped: 1 })
    const stream = tree.openImages(labels ?? null, error => problems.add(error))
    const images: ReadImage[] = []
    for await (const { location, label, split, content } of stream.images) {
      const path = location.entry ?? location.file
      images.push({ path, label, split, content: Buffer.from(content) })
    }
    problems.check(images.length + problems.skipped)
    const notes = new Notes()
    stream.addNotes?.(notes)
    return {
      images,
      classNames: stream.classNames(),
      notes: notes.all.map(({ message }) => message).join('\n'),
      codes: notes.all.map(({ code }) => code),
      skipped: problems.skipped,
    }
  } finally {
    for (const input of inputs) input.close()
  }
}

/** `path: label` or `path: label in split`, in the order of the upload. */
export const describeImages = ({ images }: ReadTree): string[] =>
  images.map(({ path, label, split }) => `${path}: ${label}${split === null ? '' : ` in ${split}`}`)
