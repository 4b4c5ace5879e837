import { type Entry, fromBuffer, type ZipFile } from 'yauzl'

/** The files of an archive by name, as another reader finds them. */
export async function unzip(archive: Buffer): Promise<Map<string, Buffer>> {
  const zip = await openZip(archive)
  const files = new Map<string, Buffer>()
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) =>
      zip.openReadStream(entry, async (error, stream) => {
        if (error) return reject(error)
        files.set(entry.fileName, await bytesOf(stream as AsyncIterable<Buffer>))
        zip.readEntry()
      }),
    )
    zip.once('end', () => resolve(files))
    zip.once('error', reject)
    zip.readEntry()
  })
}

export const openZip = (archive: Buffer): Promise<ZipFile> =>
  new Promise((resolve, reject) => {
    fromBuffer(archive, { lazyEntries: true }, (error, zip) =>
      error ? reject(error) : resolve(zip),
    )
  })

export async function bytesOf(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const part of parts) chunks.push(part)
  return Buffer.concat(chunks)
}
