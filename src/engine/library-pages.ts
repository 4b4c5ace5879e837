import { readFileSync } from 'node:fs'
import koffi from 'koffi'
import { loadTensorFlow } from './tensorflow.js'

/** `MADV_DONTNEED` of Linux. */
const notNeeded = 4

/**
 * Takes the pages of TensorFlow's files that nothing has changed out of this process's memory; returns how many bytes.
 * Loading the libraries and optimizing a graph touch about 250 MB of their code and tables, most of it once. A page
 * that is needed again comes back from the file. Does nothing where the system has no /proc/self/smaps (macOS).
 */
export function releaseLibraryPages(): number {
  loadTensorFlow()
  const mappings = libraryMappings()
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

/** The parts of TensorFlow's files that are only read. A page that the loader has changed would not come back as it is. */
function libraryMappings(): Mapping[] {
  const mappings: Mapping[] = []
  for (const entry of readSmaps().split(/\n(?=[0-9a-f]+-)/)) {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p .*\/libtensorflow/.exec(entry) ?? []
    const kilobytes = (name: string) =>
      Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(entry)?.[1] ?? Number.NaN)
    if (!start || !end || kilobytes('Anonymous') !== 0) continue
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
