import { kindHeadBytes } from '../file-kinds.js'
import type { InputFile } from '../input-file.js'
import { isTarHeader } from './tar-header.js'
import { zipKind } from './zip-kind.js'

/** Tells an archive by its content; null if the file is none whose files are read. */
export function archiveFormat(file: InputFile): 'zip' | 'tar' | null {
  const head = Buffer.from(file.read(0, kindHeadBytes))
  if (isTarHeader(head)) return 'tar'
  const isZip = ['PK\x03\x04', 'PK\x05\x06'].includes(head.toString('latin1', 0, 4))
  return isZip && zipKind(file).kind === 'archive' ? 'zip' : null
}
