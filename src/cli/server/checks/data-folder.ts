import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { formatBytes } from '../../../presentation/units.js'
import { keyFile } from '../../data-folder.js'
import { type Check, failed, ok, warning } from './check.js'

const othersMask = 0o077
/** Less is used up by a few checkpoints of a large network. */
const scarceBytes = 5e9
const leastBytes = 200e6

/** The data folder of this machine: permissions, the key in it, and the room on its disk. */
export async function checkDataFolder(folder: string): Promise<Check[]> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => error)
  if (found instanceof Error) {
    if (found.code !== 'ENOENT') return [unusable(folder, `cannot be read (${found.code})`)]
    const parent = await closestFolder(folder)
    return (await mayWrite(parent))
      ? [ok('data folder', `${folder}, which the first start makes`), await room(parent)]
      : [unusable(folder, `does not exist, and ${parent} cannot be written`)]
  }
  if (!found.isDirectory()) return [unusable(folder, 'is no folder')]
  if (!(await mayWrite(folder))) return [unusable(folder, 'cannot be written by this user')]
  return [folderMode(folder, found.mode), ...(await checkKey(folder)), await room(folder)]
}

const unusable = (folder: string, why: string) =>
  failed(
    'data folder',
    `${folder} ${why}`,
    'correct its permissions, or choose another folder with TRAINYARD_DATA',
  )

function folderMode(folder: string, mode: number): Check {
  if ((mode & othersMask) === 0) return ok('data folder', `${folder}, for its owner alone`)
  const detail = `${folder} is open to other users (mode ${octal(mode)})`
  return warning('data folder', detail, `chmod 700 ${folder}; the next start does it, too`)
}

async function checkKey(folder: string): Promise<Check[]> {
  const path = keyFile(folder)
  const found = await stat(path).catch(() => null)
  if (!found) return []
  if ((found.mode & othersMask) === 0) return [ok('key file', `${path}, for its owner alone`)]
  const detail = `${path} can be read by other users (mode ${octal(found.mode)})`
  return [failed('key file', detail, `chmod 600 ${path}, and \`trainyard keys rotate\``)]
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0')

async function room(folder: string): Promise<Check> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const detail = `${formatBytes(free)} free`
  const cure =
    'free some space, or move the data folder; docs/operations.md#disk-use says what takes it'
  if (free < leastBytes) return failed('disk', detail, cure)
  return free < scarceBytes ? warning('disk', detail, cure) : ok('disk', detail)
}

const mayWrite = (folder: string) =>
  access(folder, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )

async function closestFolder(path: string): Promise<string> {
  const parent = dirname(path)
  const exists = await stat(parent).then(
    () => true,
    () => false,
  )
  return exists || parent === path ? parent : closestFolder(parent)
}
