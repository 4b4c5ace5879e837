import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'

export interface TarMember {
  name: string
  /** The bytes, the path of a file that has them, or their number and what makes them. */
  content: Uint8Array | string | { size: number; chunks: AsyncIterable<Uint8Array> }
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
    const { size, chunks } = await open(content)
    await pipeline(chunks, tar.entry({ name: `${root}/${name}`, mtime, size }))
  }
}

async function open(content: TarMember['content']) {
  if (content instanceof Uint8Array) return { size: content.length, chunks: [content] }
  if (typeof content !== 'string') return content
  return { size: (await stat(content)).size, chunks: createReadStream(content) }
}
