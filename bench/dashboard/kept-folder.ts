import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withTempFolder } from '../../testing/temp-folder.js'

/** Written last: a folder without it was not finished. */
const finishedName = 'finished'

/**
 * Calls `work` with a folder that `make` has filled. With `keep`, a folder of such folders, it is made once, and later
 * benches find it by its name, which says all that it depends on.
 */
export function withMadeFolder<T>(
  keep: string | null,
  name: string,
  make: (folder: string) => Promise<void>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  if (keep !== null) return keepFolder(join(keep, name), make).then(() => work(join(keep, name)))
  return withTempFolder(async folder => {
    await make(folder)
    return work(folder)
  })
}

async function keepFolder(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  if (existsSync(join(folder, finishedName))) return
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await make(folder)
  await writeFile(join(folder, finishedName), '')
}
