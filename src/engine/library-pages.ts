import { readFileSync } from 'node:fs'
import koffi from 'koffi'
import { loadTensorFlow } from './tensorflow.js'

/** `MADV_DONTNEED` of Linux. */
const notNeeded = 4

/**
 * Takes the pages of the engines' files that nothing has changed out of this process's memory; returns how many bytes.
 * Loading TensorFlow and optimizing a graph touch about 250 MB of its code and tables, most of it once. A page that is
 * needed again comes back from the file. Does nothing where the system has no /proc/self/smaps (macOS).
 *
 * `modelFolder`: also of the files of a model there. OpenVINO keeps them mapped after it has copied their weights.
 */
export function releaseLibraryPages(modelFolder?: string): number {
  loadTensorFlow()
  const isEngine = (path: string) => /\/lib(tensorflow|openvino)/.test(path)
  const isModel = (path: string) => modelFolder !== undefined && path.startsWith(`${modelFolder}/`)
  const mappings = unchangedMappings(path => isEngine(path) || isModel(path))
  if (mappings.length === 0) return 0
  const libc = koffi.load(null)
  const madvise = libc.func('int madvise(uintptr_t address, size_t length, int advice)')
  let released = 0
  for (const { start, end, resident } of mappings) {
    if (madvise(start, end - start, notNeeded) === 0) released += resident
  }
  return released
}

interface Mapping {
  start: bigint
  end: bigint
  /** Bytes. */
  resident: number
}

/** The parts of files that are only read. A page that the loader has changed would not come back as it is. */
function unchangedMappings(isWanted: (path: string) => boolean): Mapping[] {
  const mappings: Mapping[] = []
  for (const entry of readSmaps().split(/\n(?=[0-9a-f]+-)/)) {
    const [, start, end, path] = /^([0-9a-f]+)-([0-9a-f]+) r-[-x][ps] [^/]*(\/.*)/.exec(entry) ?? []
    const kilobytes = (name: string) =>
      Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(entry)?.[1] ?? Number.NaN)
    if (!start || !end || !path || !isWanted(path) || kilobytes('Anonymous') !== 0) continue
    const resident = 1024 * kilobytes('Rss')
    mappings.push({ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), resident })
  }
  return mappings
}

function readSmaps(): string {
  try {
    return readFileSync('/proc/self/smaps', 'utf8')
  } catch {
    return ''
  }
}
