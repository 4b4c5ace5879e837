// For tests and `npm run chaos` only: a disk whose steps fail, or end the process, where they are told to.
import { readFileSync } from 'node:fs'
import { type Disk, disk } from './disk.js'

export type DiskOperation = keyof Disk

/** Around each step, and within a write: half of it is done. */
export interface FailpointSite {
  operation: DiskOperation
  when: 'before' | 'within' | 'after'
}

/** The real disk, with a call at each point; what the call throws is the step's error. */
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

/** The file that TRAINYARD_FAILPOINTS names holds a list of these as JSON; missing or empty means none. */
export interface Failpoint {
  process: ProcessKind
  error: 'ENOSPC' | 'EIO'
  /** Errors before a step, or in the middle of a write: a short one. */
  when: 'before' | 'within'
  /** From 0 to 1; drawn anew at each point. */
  probability: number
}

/** The plain disk where nobody asks for anything else: then failpoints cost nothing. */
export function diskWithFailpoints(controlFile: string | null, process: ProcessKind): Disk {
  if (controlFile === null) return disk
  return instrumentDisk(({ operation, when }) => {
    // read at every point: it holds from the moment on at which it is there
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

function readFailpoints(controlFile: string): Failpoint[] {
  try {
    return JSON.parse(readFileSync(controlFile, 'utf8'))
  } catch {
    return []
  }
}
