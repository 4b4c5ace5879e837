import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'

/** The files of a tar, in its order. */
export async function untar(
  tar: AsyncIterable<Uint8Array>,
): Promise<{ name: string; content: Buffer }[]> {
  const reader = extract()
  const read = pipeline(tar, reader)
  const files: { name: string; content: Buffer }[] = []
  for await (const entry of reader) {
    files.push({ name: entry.header.name, content: await buffer(entry) })
  }
  await read
  return files
}
