// For tests and `npm run chaos` only: a disk whose operations fail, or kill the process, at given points.
import { readFileSync } from 'node:fs'
import { type Disk, disk } from './disk.js'

export type DiskOperation = keyof Disk

/** A point before or after an operation, or `within` a write, when half of the bytes are written. */
export interface FailpointSite {
  operation: DiskOperation
  when: 'before' | 'within' | 'after'
}

/** The real disk, which calls `onSite` at each point. If `onSite` throws, the operation fails with that error. */
export function instrumentDisk(onSite: (point: FailpointSite) => void): Disk {
  const instrument =
    <Args extends unknown[], Result>(
      operation: DiskOperation,
      run: (...input: Args) => Promise<Result>,
    ) =>
    async (...args: Args): Promise<Result> => {
      onSite({ operation, when: 'before' })
      const result = await run(...args)
      onSite({ operation, when: 'after' })
      return result
    }
  return {
    mkdir: instrument('mkdir', disk.mkdir),
    create: instrument('create', disk.create),
    sync: instrument('sync', disk.sync),
    link: instrument('link', disk.link),
    symlink: instrument('symlink', disk.symlink),
    rename: instrument('rename', disk.rename),
    unlink: instrument('unlink', disk.unlink),
    write: instrument('write', async (handle, text) => {
      const bytes = Buffer.from(text)
      const half = bytes.length >> 1
      await disk.write(handle, bytes.subarray(0, half))
      onSite({ operation: 'write', when: 'within' })
      await disk.write(handle, bytes.subarray(half))
    }),
  }
}

export type ProcessKind = 'api' | 'worker' | 'trainer'

/** One entry of the JSON list in the file that TRAINYARD_FAILPOINTS names. */
export interface Failpoint {
  process: ProcessKind
  error: 'ENOSPC' | 'EDQUOT' | 'EIO' | 'EROFS'
  /** `before` fails any operation; `within` fails a write after half of its bytes. */
  when: 'before' | 'within'
  /** From 0 to 1, applied at each point independently. */
  probability: number
}

/** Without a control file this is the plain disk, so that failpoints cost nothing in production. */
export function diskWithFailpoints(controlFile: string | null, process: ProcessKind): Disk {
  if (controlFile === null) return disk
  return instrumentDisk(({ operation, when }) => {
    // The file is read at every point, so that a change takes effect at once.
    const failpoint = readFailpoints(controlFile).find(
      candidate =>
        candidate.process === process &&
        candidate.when === when &&
        Math.random() < candidate.probability,
    )
    if (!failpoint) return
    const { error } = failpoint
    throw Object.assign(new Error(`${error}: injected ${when} ${operation}`), { code: error })
  })
}

/** A file that is missing or is not JSON means no failpoints. */
function readFailpoints(controlFile: string): Failpoint[] {
  try {
    return JSON.parse(readFileSync(controlFile, 'utf8'))
  } catch {
    return []
  }
}
