import { access, chmod, constants, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { folderUnusable } from './folder-errors.js'
import { formatKey } from './format-version.js'
import { errorCode, ignoreCodes } from './storage-errors.js'

const othersMask = 0o077
const stickyBit = 0o1000
/** More than the small files that a server writes at its start, those of its Redis included. */
const roomBytes = 2 ** 20

/**
 * Creates the data folder if it does not exist, and keeps other users of the machine out of it: it gets
 * mode 0700, and files that this process and its children create from now on are for their owner alone.
 * A folder that is not ours to change is used as it is. `report` gets a line for the operator if an
 * existing folder was open to others. Throws DATA_FOLDER_UNUSABLE if the folder cannot be created or written.
 */
export async function openPrivateFolder(
  folder: string,
  report: (line: string) => void,
): Promise<void> {
  process.umask(othersMask)
  const { mode, uid } = await openFolder(folder).catch(async error => {
    throw await folderUnusable(folder, error)
  })
  if ((mode & othersMask) === 0) return
  const octal = (mode & 0o7777).toString(8).padStart(4, '0')
  const open = `the data folder ${folder} was open to other users (mode ${octal})`
  // a folder with the sticky bit is meant to be shared, such as /tmp
  const isOurs = uid === process.getuid?.() && (mode & stickyBit) === 0
  const tightened =
    isOurs &&
    (await chmod(folder, 0o700).then(
      () => true,
      () => false,
    ))
  if (tightened) report(`${open}; it is for its owner alone now (0700)`)
  else report(`${open} and cannot be made private; run chmod 700 on it, or choose another folder`)
}

/**
 * Throws DATA_FOLDER_UNUSABLE if a new folder is on a disk without room for what a server writes at its start.
 * With a folder that has been used, a server starts on a full disk: it serves what is there, and jobs wait.
 */
export async function assertRoomForNew(folder: string): Promise<void> {
  const isUsed = await access(join(folder, formatKey)).then(
    () => true,
    () => false,
  )
  if (isUsed) return
  const path = join(folder, `.room-${process.pid}`)
  try {
    await writeFile(path, new Uint8Array(roomBytes), { flush: true })
  } catch (error) {
    throw await folderUnusable(folder, error)
  } finally {
    await rm(path, { force: true }).catch(() => {})
  }
}

async function openFolder(folder: string) {
  await makeFolder(folder)
  // with the dot, the system refuses a file in its place
  await access(`${folder}/.`, constants.R_OK | constants.W_OK | constants.X_OK)
  return stat(folder)
}

/** Node's own recursive mkdir never ends where a file system refuses with ENOENT, as /proc does. */
async function makeFolder(path: string): Promise<void> {
  const make = () => mkdir(path, { mode: 0o700 }).catch(ignoreCodes(undefined, 'EEXIST'))
  await make().catch(async error => {
    if (errorCode(error) !== 'ENOENT') throw error
    await makeFolder(dirname(path))
    await make()
  })
}
