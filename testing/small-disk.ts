import { execFile } from 'node:child_process'
import { mkdtemp, open, rm, rmdir, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CleanupScope } from './temp-folder.js'

const exec = promisify(execFile)

/** A file system of its own that a test can fill. */
export interface SmallDisk {
  folder: string
  /** Leaves no byte free. */
  fill(): Promise<void>
  /** Makes room again after `fill`. */
  empty(): Promise<void>
}

export interface SmallDiskOptions {
  megabytes: number
  /** Most files and folders; by default as many as fit. */
  files?: number
}

/** Mounts a tmpfs, which is unmounted after the test. Returns null if this user may not mount. */
export async function mountSmallDisk(
  scope: CleanupScope,
  { megabytes, files }: SmallDiskOptions,
): Promise<SmallDisk | null> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-disk-'))
  const options = `size=${megabytes}m${files === undefined ? '' : `,nr_inodes=${files}`}`
  const mounted = await exec('mount', [
    '-t',
    'tmpfs',
    '-o',
    options,
    'trainyard-test',
    folder,
  ]).then(
    () => true,
    () => false,
  )
  scope.after(async () => {
    if (mounted) await exec('umount', ['--lazy', folder])
    await rmdir(folder)
  })
  if (!mounted) return null
  const filler = join(folder, 'filler')
  return {
    folder,
    async fill() {
      const file = await open(filler, 'a')
      try {
        for (const size of [2 ** 20, 4096]) while (await fits(file, size));
      } finally {
        await file.close()
      }
      const { bavail } = await statfs(folder)
      if (bavail > 0) throw new Error(`${bavail} blocks of ${folder} are still free`)
    },
    empty: () => rm(filler),
  }
}

/** The reason with which a test is skipped if `mountSmallDisk` returns null. */
export const cannotMount = 'this user may not mount a tmpfs; run the tests as root'

async function fits(file: Awaited<ReturnType<typeof open>>, bytes: number): Promise<boolean> {
  try {
    const { bytesWritten } = await file.write(new Uint8Array(bytes))
    return bytesWritten === bytes
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false
    throw error
  }
}
