import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { sourceChanged } from './errors.js'
import { identityOf, isSameFile } from './input-file.js'
import type { SourceFile } from './source-file.js'

/** A link or a pipe may have taken the place of a file that is not the server's own. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** The first bytes of a file, fewer if it is shorter. Throws SOURCE_CHANGED if it is another file by now. */
export async function readHeadOf(file: SourceFile, length: number): Promise<Uint8Array> {
  const handle = await openStored(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** The bytes of a file. Throws SOURCE_CHANGED if it is another file by now, or changes while it is read. */
export async function* readStored(file: SourceFile): AsyncGenerator<Uint8Array> {
  const handle = await openStored(file)
  try {
    yield* handle.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>
    const found = identityOf(await handle.stat())
    if (file.identity && !isSameFile(found, file.identity)) throw sourceChanged(file.name)
  } finally {
    await handle.close()
  }
}

async function openStored({ name, path, identity }: SourceFile) {
  const handle = await open(path, flags).catch(error => {
    throw identity ? sourceChanged(name, error) : error
  })
  const found = identityOf(await handle.stat())
  if (!identity || isSameFile(found, identity)) return handle
  await handle.close()
  throw sourceChanged(name)
}
