// For tests and `npm run chaos` only: a disk whose steps fail, or end the process, where they are told to.
import { readFileSync } from 'node:fs'
import { type Disk, disk } from './disk.js'

export type Step = keyof Disk

/** Around each step, and within a write: half of it is done. */
export interface Point {
  step: Step
  when: 'before' | 'within' | 'after'
}

/** The real disk, with a call at each point; what the call throws is the step's error. */
export function diskWith(at: (point: Point) => void): Disk {
  const around =
    <In extends unknown[], Out>(step: Step, work: (...input: In) => Promise<Out>) =>
    async (...input: In): Promise<Out> => {
      at({ step, when: 'before' })
      const done = await work(...input)
      at({ step, when: 'after' })
      return done
    }
  return {
    folder: around('folder', disk.folder),
    create: around('create', disk.create),
    sync: around('sync', disk.sync),
    link: around('link', disk.link),
    rename: around('rename', disk.rename),
    unlink: around('unlink', disk.unlink),
    write: around('write', async (handle, text) => {
      const bytes = Buffer.from(text)
      const half = bytes.length >> 1
      await disk.write(handle, bytes.subarray(0, half))
      at({ step: 'write', when: 'within' })
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
export function diskOf(controlFile: string | null, process: ProcessKind): Disk {
  if (controlFile === null) return disk
  return diskWith(({ step, when }) => {
    // read at every point: it holds from the moment on at which it is there
    const failpoint = failpoints(controlFile).find(
      one => one.process === process && one.when === when && Math.random() < one.probability,
    )
    if (!failpoint) return
    const { error } = failpoint
    throw Object.assign(new Error(`${error}: injected ${when} ${step}`), { code: error })
  })
}

function failpoints(controlFile: string): Failpoint[] {
  try {
    return JSON.parse(readFileSync(controlFile, 'utf8'))
  } catch {
    return []
  }
}
