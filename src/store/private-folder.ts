import { chmod, mkdir, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'

const othersMask = 0o077
const stickyBit = 0o1000

/**
 * Creates the data folder if it does not exist, and keeps other users of the machine out of it: it gets
 * mode 0700, and files that this process and its children create from now on are for their owner alone.
 * A folder that is not ours to change is used as it is. `report` gets a line for the operator if an
 * existing folder was open to others.
 */
export async function openPrivateFolder(
  folder: string,
  report: (line: string) => void,
): Promise<void> {
  process.umask(othersMask)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { mode, uid } = await stat(folder)
  if ((mode & othersMask) === 0) return
  const octal = (mode & 0o7777).toString(8).padStart(4, '0')
  const open = `the data folder ${folder} was open to other users (mode ${octal})`
  // a folder with the sticky bit is meant to be shared, such as /tmp
  const isOurs = uid === userInfo().uid && (mode & stickyBit) === 0
  const tightened =
    isOurs &&
    (await chmod(folder, 0o700).then(
      () => true,
      () => false,
    ))
  if (tightened) report(`${open}; it is for its owner alone now (0700)`)
  else report(`${open} and cannot be made private; run chmod 700 on it, or choose another folder`)
}
