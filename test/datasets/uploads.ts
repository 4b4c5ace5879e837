import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Datasets } from '../../src/datasets/datasets.js'
import type { DatasetLimits } from '../../src/datasets/limits.js'
import { TrainyardError } from '../../src/errors.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { readMnist } from '../../testing/mnist.js'
import { tempFolder } from '../../testing/temp-folder.js'

// The compiled tests are in dist/test/datasets, and the files that they read in the source tree.
const project = join(import.meta.dirname, '../../..')

export const fixture = (name: string) => readFile(join(project, 'test/datasets/fixtures', name))

/** Returns the first `count` images and labels of MNIST's test set as IDX files. */
export const mnistSlice = (count: number) => readMnist('t10k', count)

export function withCount(idx: Buffer, count: number): Buffer {
  const copy = Buffer.from(idx)
  copy.writeUInt32BE(count, 4)
  return copy
}

export function idx(dimensions: number[], elements: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length)
  header.writeUInt32BE(0x0800 + dimensions.length)
  for (const [axis, length] of dimensions.entries()) header.writeUInt32BE(length, 4 + 4 * axis)
  return Buffer.concat([header, elements])
}

export type Files = Record<string, Buffer>
export type Form = Parameters<Awaited<ReturnType<Datasets['createUpload']>>['commit']>[0]

export async function freshDatasets(
  t: { after(work: () => Promise<void>): void },
  limits: Partial<DatasetLimits> = {},
) {
  const root = await tempFolder(t)
  const store = await openFolderStore(root)
  const datasets = new Datasets(store, limits)

  const send = async (files: Files, form: Form = {}) => {
    const upload = await datasets.createUpload()
    for (const [name, content] of Object.entries(files))
      await upload.addFile(name, chunked(content))
    return upload.commit(form)
  }
  const upload = async (files: Files, form: Form = {}) => {
    const { dataset, created } = await send(files, form)
    assert.ok(dataset.kind === 'images')
    return { dataset, created }
  }
  const uploadTable = async (files: Files, form: Form = {}) => {
    const { dataset, created } = await send(files, form)
    assert.ok(dataset.kind === 'table')
    return { dataset, created }
  }

  /** Asserts that the upload fails with the code and message and leaves no files. Resolves to the error. */
  const assertRejected = async (files: Files, code: string, message: RegExp, form: Form = {}) => {
    const error = await send(files, form).then(
      () => assert.fail(`accepted ${Object.keys(files).join(', ')}, expected ${code} ${message}`),
      (error: unknown) => error,
    )
    assert.ok(error instanceof TrainyardError, String(error))
    assert.equal(error.code, code, error.message)
    assert.equal(error.kind, 'invalid')
    assert.match(error.message, message)
    assert.ok(error.errors.length > 0)
    assert.deepEqual((await readdir(root)).sort(), ['.staging', 'format.json'])
    assert.deepEqual(await readdir(join(root, '.staging')), [])
    return error
  }
  return { root, store, datasets, upload, uploadTable, assertRejected }
}

/** Yields the content in parts, as a network does. The first part has one byte. */
export async function* chunked(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content.subarray(0, 1)
  for (let at = 1; at < content.length; at += 50_000) yield content.subarray(at, at + 50_000)
}

/**
 * Counts the child processes that convert uploads until the test ends. Returns a function that returns
 * the largest number of them that ran at the same time.
 */
export function watchConversions(t: { after(work: () => void): void }): () => number {
  let maxRunning = 0
  const timer = setInterval(() => {
    maxRunning = Math.max(maxRunning, countConversions())
  }, 2)
  t.after(() => clearInterval(timer))
  return () => maxRunning
}

const countConversions = () =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter(pid => pid && commandOf(pid).includes('conversion-process')).length

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // The process ended after it was listed.
    return ''
  }
}
