import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
import { TrainyardError } from '../errors.js'
import { errorCode, isFullCode } from './storage-errors.js'

/** DATA_FOLDER_UNUSABLE for a system error of the data folder, with its reason and its cure in one line. */
export async function folderUnusable(folder: string, cause: unknown): Promise<TrainyardError> {
  const code = errorCode(cause) ?? String(cause)
  const [reason, cure] = await explain(folder, code)
  return new TrainyardError(
    'DATA_FOLDER_UNUSABLE',
    `cannot use the data folder ${resolve(folder)}: ${reason} (${code}); ${cure}`,
    { cause },
  )
}

const chooseOther = 'choose another folder with TRAINYARD_DATA'

async function explain(folder: string, code: string): Promise<[reason: string, cure: string]> {
  if (isFullCode(code)) {
    const isQuota = code === 'EDQUOT'
    const reason = isQuota ? 'the disk quota of this user is used up' : 'its disk is full'
    return [reason, `free some space there, or ${chooseOther}`]
  }
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return [
        `user '${userName()}' may not write there`,
        `give it to this user (chown), or ${chooseOther}`,
      ]
    case 'EROFS':
      return ['its disk is mounted read-only', `mount it writable, or ${chooseOther}`]
    case 'EEXIST':
    case 'ENOTDIR':
      return [`${await firstNoFolder(folder)} is not a folder`, chooseOther]
    default:
      return ['it cannot be created or written', `check the path and its disk, or ${chooseOther}`]
  }
}

/** Of a path and the folders above it, the one that exists and is no folder. */
async function firstNoFolder(folder: string): Promise<string> {
  for (let path = resolve(folder); path !== dirname(path); path = dirname(path)) {
    const found = await stat(path).catch(() => null)
    if (found && !found.isDirectory()) return path
    if (found) break
  }
  // such as a link to nothing
  return resolve(folder)
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // a user id without a name, as in many containers
    return String(process.getuid?.() ?? 'unknown')
  }
}
