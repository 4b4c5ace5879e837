import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'

export interface TarMember {
  name: string
  /** The bytes, or the path of a file that has them. */
  content: Uint8Array | string
}

/** A tar with one folder, `root`. The same members have the same bytes. */
export function tarOf(root: string, members: Iterable<TarMember>): AsyncIterable<Uint8Array> {
  const tar = pack()
  writeEntries(tar, root, members).then(
    () => tar.finalize(),
    error => tar.destroy(error),
  )
  return tar as AsyncIterable<Uint8Array>
}

async function writeEntries(tar: Pack, root: string, members: Iterable<TarMember>): Promise<void> {
  const mtime = new Date(0)
  for (const { name, content } of members) {
    const header = { name: `${root}/${name}`, mtime }
    if (typeof content === 'string') {
      const { size } = await stat(content)
      await pipeline(createReadStream(content), tar.entry({ ...header, size }))
    } else {
      await pipeline([content], tar.entry({ ...header, size: content.length }))
    }
  }
}
