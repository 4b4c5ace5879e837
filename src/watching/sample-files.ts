import { Check } from 'typebox/value'
import { decodeTime, monotonicFactory } from 'ulid'
import { RequestSample, type RequestSamplePage, type SampleSettings } from '../spec/model-watch.js'
import type { Store } from '../store/store.js'
import { msPerDay } from './day-counts.js'
import { watchPaths } from './watch-paths.js'

/** A file begins anew at the latest after this, so that its samples age together. */
export const maxFileMs = 3600_000
const filePattern = /^([0-9a-z]{26})-(\d{1,10})\.jsonl$/
const windowBytes = 256 * 1024
/** Bytes of the lines in a page, at most; but at least one line. */
const maxPageBytes = 8 * 2 ** 20

/** Where a page begins: `<id of the file>-<version>-<offset>`. */
export const cursorPattern = '^[0-9a-z]{26}-\\d{1,10}-\\d{1,12}$'

export type SampleStore = Pick<Store, 'list' | 'size' | 'append' | 'readFrom' | 'remove'>

interface SampleFile {
  name: string
  version: number
  startedAt: number
}

/** In order also within a millisecond. */
const nextId = monotonicFactory()

export const newSampleFile = (version: number, at: number): string =>
  `${nextId(at).toLowerCase()}-${version}.jsonl`

/** The files of samples of a model, oldest first. */
export async function listSampleFiles(
  store: Pick<Store, 'list'>,
  model: string,
  version?: number,
): Promise<SampleFile[]> {
  const names = await store.list(watchPaths(model).samples)
  return names.flatMap(name => {
    const [, id, ofVersion] = filePattern.exec(name) ?? []
    if (id === undefined || (version !== undefined && Number(ofVersion) !== version)) return []
    return [{ name, version: Number(ofVersion), startedAt: decodeTime(id.toUpperCase()) }]
  })
}

export async function sizeOfSamples(
  store: Pick<Store, 'list' | 'size'>,
  model: string,
): Promise<{ files: number; bytes: number }> {
  const files = await listSampleFiles(store, model)
  let bytes = 0
  for (const { name } of files) bytes += await store.size(watchPaths(model).sampleFile(name))
  return { files: files.length, bytes }
}

/** Removes the oldest files until `room` bytes fit, and those that are too old. Returns how many went, and what is left. */
export async function makeRoomForSamples(
  store: SampleStore,
  model: string,
  { maxBytes, maxAgeDays }: Pick<SampleSettings, 'maxBytes' | 'maxAgeDays'>,
  room: number,
  now: number,
): Promise<{ removed: number; bytes: number }> {
  const { sampleFile } = watchPaths(model)
  const files = await listSampleFiles(store, model)
  const sizes: number[] = []
  for (const { name } of files) sizes.push(await store.size(sampleFile(name)))
  let bytes = sizes.reduce((sum, size) => sum + size, 0)
  let removed = 0
  for (const [i, { name, startedAt }] of files.entries()) {
    const isOld = startedAt + maxFileMs + maxAgeDays * msPerDay < now
    if (!isOld && bytes + room <= maxBytes) break
    await store.remove(sampleFile(name))
    bytes -= sizes[i]!
    removed++
  }
  return { removed, bytes }
}

export async function removeSamples(
  store: SampleStore,
  model: string,
  version?: number,
): Promise<void> {
  for (const { name } of await listSampleFiles(store, model, version))
    await store.remove(watchPaths(model).sampleFile(name))
}

export interface SamplePageQuery {
  version?: number | undefined
  limit: number
  cursor?: string | undefined
}

/** A page of samples, oldest first. Files that went since the last page are passed over. */
export async function readSamplePage(
  store: SampleStore,
  model: string,
  { version, limit, cursor }: SamplePageQuery,
): Promise<RequestSamplePage> {
  const page: RequestSamplePage = { items: [], damagedLines: 0, nextCursor: null }
  let bytes = 0
  for await (const { line, at } of lines(store, model, version, cursor)) {
    if (page.items.length === limit || (bytes + line.length > maxPageBytes && bytes > 0)) {
      page.nextCursor = at
      return page
    }
    bytes += line.length
    const sample = parseSample(line)
    if (sample) page.items.push(sample)
    else page.damagedLines++
  }
  return page
}

/** All samples as they are stored. */
export async function* sampleLines(
  store: SampleStore,
  model: string,
  version?: number,
): AsyncGenerator<string> {
  for await (const { line } of lines(store, model, version)) yield `${line}\n`
}

function parseSample(line: string): RequestSample | null {
  try {
    const value: unknown = JSON.parse(line)
    return Check(RequestSample, value) ? value : null
  } catch {
    return null
  }
}

async function* lines(
  store: SampleStore,
  model: string,
  version?: number,
  cursor?: string,
): AsyncGenerator<{ line: string; at: string }> {
  const [id = '', ofVersion = '', offset = '0'] = cursor?.split('-') ?? []
  const first = cursor ? `${id}-${ofVersion}.jsonl` : ''
  for (const { name } of await listSampleFiles(store, model, version)) {
    if (name < first) continue
    const prefix = name.slice(0, -'.jsonl'.length)
    const from = name === first ? Number(offset) : 0
    for await (const { line, at } of fileLines(store, watchPaths(model).sampleFile(name), from))
      yield { line, at: `${prefix}-${at}` }
  }
}

/** The complete lines of a file from an offset on. */
async function* fileLines(
  store: SampleStore,
  key: string,
  from: number,
): AsyncGenerator<{ line: string; at: number }> {
  let [at, window] = [from, windowBytes]
  for (;;) {
    const bytes = await store.readFrom(key, at, window)
    let start = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      yield { line: bytes.toString('utf8', start, end), at: at + start }
      start = end + 1
    }
    // less than was asked for: that was the end of the file
    if (bytes.length < window) return
    if (start === 0) window *= 2
    else window = windowBytes
    at += start
  }
}
