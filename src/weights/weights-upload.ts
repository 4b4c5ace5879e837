import { createHash } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Check } from 'typebox/value'
import { TrainyardError } from '../errors.js'
import {
  type Bundle,
  checkOldValues,
  checkValues,
  readBundle,
  shardName,
} from '../formats/tensor-bundle.js'
import { Name } from '../spec/identifiers.js'
import type { WeightsManifest } from '../spec/weights.js'
import { storageTrouble } from '../store/storage-errors.js'
import type { Store } from '../store/store.js'
import { expectedFiles, foreign } from './errors.js'
import { foreignKind } from './foreign-file.js'

/** Of all files; the largest network that trains here has a tenth of it. */
const mostBytes = 16 * 2 ** 30
/** Enough of a file to know a foreign one. */
const headBytes = 16

type Publish = (
  staged: string,
  manifest: WeightsManifest,
) => Promise<{ weights: WeightsManifest; created: boolean }>

interface Received {
  name: string
  path: string
  bytes: number
  sha256: string
}

/** Files on their way to stored weights. Whatever fails leaves nothing behind, and ends the upload. */
export class WeightsUpload {
  private readonly files: Received[] = []
  private bytes = 0

  constructor(
    private readonly store: Store,
    private readonly folder: string,
    private readonly publish: Publish,
  ) {}

  async addFile(fullName: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const name = shownName(fullName)
    const path = join(this.folder, `part-${this.files.length}`)
    const hash = createHash('sha256')
    const before = this.bytes
    let head = Buffer.alloc(0)
    const file = await open(path, 'wx')
    try {
      for await (const chunk of content) {
        if (head.length < headBytes) {
          head = Buffer.concat([head, chunk.subarray(0, headBytes)])
          refuseForeign(name, head)
        }
        this.bytes += chunk.length
        if (this.bytes > mostBytes) throw tooLarge(name)
        hash.update(chunk)
        await file.writeFile(chunk)
      }
    } catch (error) {
      throw storageTrouble(error)
    } finally {
      await file.close()
    }
    this.files.push({ name, path, bytes: this.bytes - before, sha256: hash.digest('hex') })
  }

  /** Checks all of it, commits. `created` is false where this content was there already. */
  async commit({
    name,
  }: {
    name?: string
  }): Promise<{ weights: WeightsManifest; created: boolean }> {
    if (name !== undefined && !Check(Name, name)) throw badName(name)
    const { bundle, table } = await this.findTable()
    const shards = bundle.format === 'v1' ? this.noShards(table) : this.shardsOf(bundle, table)
    if (bundle.format === 'v1') await checkOldValues(table.path, table.name)
    else await checkValues(bundle, shards)

    const prefix = bundle.format === 'v1' ? 'weights.ckpt' : 'weights'
    const stored = new Map<Received, string>([
      [table, bundle.format === 'v1' ? prefix : `${prefix}.index`],
      ...shards.map((file, i): [Received, string] => [file, shardName(prefix, i, shards.length)]),
    ])
    const hash = createHash('sha256')
    for (const [file, final] of stored) {
      hash.update(`${final} ${file.sha256}\n`)
      await rename(file.path, join(this.folder, final))
    }
    const id = `wt-${hash.digest('hex').slice(0, 16)}`
    return this.publish(this.folder, {
      ...{ id, name: name ?? id, createdAt: new Date().toISOString() },
      ...{ format: bundle.format, prefix, bytes: this.bytes, tensors: bundle.tensors },
    })
  }

  async abort(): Promise<void> {
    await this.store.discard(this.folder)
  }

  private async findTable(): Promise<{ bundle: Bundle; table: Received }> {
    let found: { bundle: Bundle; table: Received } | null = null
    for (const file of this.files) {
      if (isShard(file.name)) continue
      const bundle = await readBundle(file.path, file.name)
      if (!bundle) throw foreign(file.name, 'no part of a checkpoint')
      if (found) throw foreign(file.name, `a second checkpoint beside ${found.table.name}`)
      found = { bundle, table: file }
    }
    if (found) return found
    throw new TrainyardError(
      'WEIGHTS_FORMAT',
      'invalid',
      `there is no .index file; ${expectedFiles}`,
    )
  }

  /** The data files in the order of their numbers. */
  private shardsOf({ shards }: Bundle, table: Received): Received[] {
    const others = this.files.filter(file => file !== table)
    const sorted = Array.from({ length: shards }, (_, i) => {
      const ending = shardName('', i, shards)
      const file = others.find(({ name }) => name.endsWith(ending))
      if (file) return file
      const trouble = `${table.name} belongs to ${shards} data files; the one that ends in ${ending} is missing`
      throw new TrainyardError('WEIGHTS_INCOMPLETE', 'invalid', trouble)
    })
    const extra = others.find(file => !sorted.includes(file))
    if (extra) throw foreign(extra.name, `no data file of ${table.name}`)
    return sorted
  }

  private noShards(table: Received): Received[] {
    const extra = this.files.find(file => file !== table)
    if (extra) throw foreign(extra.name, `one file too many beside ${table.name}, which is whole`)
    return []
  }
}

const isShard = (name: string) => /\.data-\d{5}-of-\d{5}$/.test(name)

function refuseForeign(name: string, head: Buffer): void {
  const kind = isShard(name) ? undefined : foreignKind(name, head)
  if (kind) throw foreign(name, kind)
}

/** A client's file name is for messages, and to tell data files apart. */
function shownName(name: string): string {
  const last = basename(name.replaceAll('\\', '/'))
  return [...last.replace(/\p{C}/gu, '')].slice(-100).join('') || 'file'
}

const tooLarge = (name: string) =>
  new TrainyardError(
    'WEIGHTS_TOO_LARGE',
    'invalid',
    `${name}: the upload has more than ${mostBytes} bytes`,
  )

function badName(name: string): TrainyardError {
  const message = `name is ${JSON.stringify(name.slice(0, 100))}, expected 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first`
  return new TrainyardError('WEIGHTS_FORM', 'invalid', message, {
    errors: [{ path: '/name', code: 'invalid_name', message }],
  })
}
