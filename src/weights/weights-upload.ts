import { createHash } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { TrainyardError } from '../errors.js'
import {
  readTensorBundle,
  shardName,
  type TensorBundle,
  verifyV1Values,
  verifyValues,
} from '../formats/tensor-bundle.js'
import type { WeightsManifest } from '../spec/weights.js'
import { toStorageError } from '../store/storage-errors.js'
import type { Store } from '../store/store.js'
import { expectedFiles, unexpectedFileError } from './errors.js'
import { detectUnsupportedFormat } from './foreign-file.js'
import { validateForm, type WeightsForm } from './weights-form.js'

/** The limit for all files together, about ten times the size of the largest network that can be trained. */
const maxUploadBytes = 16 * 2 ** 30
/** The first bytes that `detectUnsupportedFormat` needs. */
const signatureBytes = 16

type PublishWeights = (
  staged: string,
  manifest: WeightsManifest,
) => Promise<{ weights: WeightsManifest; created: boolean }>

interface ReceivedFile {
  name: string
  path: string
  bytes: number
  sha256: string
}

/** Receives the files of one checkpoint. After an error the upload cannot continue: call `abort`. */
export class WeightsUpload {
  private readonly files: ReceivedFile[] = []
  private bytes = 0

  constructor(
    private readonly store: Store,
    private readonly folder: string,
    private readonly publish: PublishWeights,
  ) {}

  async addFile(fullName: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const name = displayName(fullName)
    const path = join(this.folder, `part-${this.files.length}`)
    const hash = createHash('sha256')
    const bytesBefore = this.bytes
    let head = Buffer.alloc(0)
    const file = await open(path, 'wx')
    try {
      for await (const chunk of content) {
        if (head.length < signatureBytes) {
          head = Buffer.concat([head, chunk.subarray(0, signatureBytes)])
          rejectUnsupported(name, head)
        }
        this.bytes += chunk.length
        if (this.bytes > maxUploadBytes) throw tooLargeError(name)
        hash.update(chunk)
        await file.writeFile(chunk)
      }
    } catch (error) {
      throw toStorageError(error)
    } finally {
      await file.close()
    }
    this.files.push({ name, path, bytes: this.bytes - bytesBefore, sha256: hash.digest('hex') })
  }

  /**
   * Verifies the checkpoint and stores it. `created` is false if the same content was stored before, with the
   * same normalization. Throws WEIGHTS_FORMAT, WEIGHTS_INCOMPLETE, WEIGHTS_DAMAGED or WEIGHTS_FORM.
   */
  async commit(form: WeightsForm): Promise<{ weights: WeightsManifest; created: boolean }> {
    const { name, normalize } = validateForm(form)
    const { bundle, indexFile } = await this.findIndexFile()
    const shards =
      bundle.format === 'v1' ? this.assertSingleFile(indexFile) : this.findShards(bundle, indexFile)
    if (bundle.format === 'v1') await verifyV1Values(indexFile.path, indexFile.name)
    else await verifyValues(bundle, shards)

    const prefix = bundle.format === 'v1' ? 'weights.ckpt' : 'weights'
    const storedNames = new Map<ReceivedFile, string>([
      [indexFile, bundle.format === 'v1' ? prefix : `${prefix}.index`],
      ...shards.map((file, i): [ReceivedFile, string] => [
        file,
        shardName(prefix, i, shards.length),
      ]),
    ])
    const hash = createHash('sha256')
    for (const [file, storedName] of storedNames) {
      hash.update(`${storedName} ${file.sha256}\n`)
      await rename(file.path, join(this.folder, storedName))
    }
    if (normalize !== undefined) hash.update(`normalize ${JSON.stringify(normalize)}\n`)
    const id = `wt-${hash.digest('hex').slice(0, 16)}`
    return this.publish(this.folder, {
      id,
      name: name ?? id,
      createdAt: new Date().toISOString(),
      format: bundle.format,
      prefix,
      bytes: this.bytes,
      ...(normalize !== undefined && { normalize }),
      tensors: bundle.tensors,
    })
  }

  async abort(): Promise<void> {
    await this.store.discard(this.folder)
  }

  private async findIndexFile(): Promise<{ bundle: TensorBundle; indexFile: ReceivedFile }> {
    let found: { bundle: TensorBundle; indexFile: ReceivedFile } | null = null
    for (const file of this.files) {
      if (isShardName(file.name)) continue
      const bundle = await readTensorBundle(file.path, file.name)
      if (!bundle) throw unexpectedFileError(file.name, 'no part of a checkpoint')
      if (found)
        throw unexpectedFileError(file.name, `a second checkpoint beside ${found.indexFile.name}`)
      found = { bundle, indexFile: file }
    }
    if (found) return found
    throw new TrainyardError('WEIGHTS_FORMAT', `there is no .index file; ${expectedFiles}`)
  }

  /** The data files in shard order. */
  private findShards({ shardCount }: TensorBundle, indexFile: ReceivedFile): ReceivedFile[] {
    const others = this.files.filter(file => file !== indexFile)
    const sorted = Array.from({ length: shardCount }, (_, i) => {
      const suffix = shardName('', i, shardCount)
      const file = others.find(({ name }) => name.endsWith(suffix))
      if (file) return file
      const detail = `${indexFile.name} lists ${shardCount} data files; the one that ends in ${suffix} is missing`
      throw new TrainyardError('WEIGHTS_INCOMPLETE', detail)
    })
    const extra = others.find(file => !sorted.includes(file))
    if (extra) throw unexpectedFileError(extra.name, `no data file of ${indexFile.name}`)
    return sorted
  }

  private assertSingleFile(indexFile: ReceivedFile): ReceivedFile[] {
    const extra = this.files.find(file => file !== indexFile)
    if (extra)
      throw unexpectedFileError(
        extra.name,
        `one file too many beside ${indexFile.name}, which is complete`,
      )
    return []
  }
}

const isShardName = (name: string) => /\.data-\d{5}-of-\d{5}$/.test(name)

function rejectUnsupported(name: string, head: Buffer): void {
  const format = isShardName(name) ? undefined : detectUnsupportedFormat(name, head)
  if (format) throw unexpectedFileError(name, format)
}

/** The client's file name without folders and control characters. It never becomes part of a path. */
function displayName(name: string): string {
  const baseName = basename(name.replaceAll('\\', '/'))
  return [...baseName.replace(/\p{C}/gu, '')].slice(-100).join('') || 'file'
}

const tooLargeError = (name: string) =>
  new TrainyardError(
    'WEIGHTS_TOO_LARGE',
    `${name}: the upload has more than ${maxUploadBytes} bytes`,
  )
