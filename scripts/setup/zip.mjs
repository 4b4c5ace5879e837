// Reads a wheel, which is a zip file (PKWARE's APPNOTE.TXT). No Zip64: wheels are below 4 GiB.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { dirname, join, normalize, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'
import { SetupError } from './failure.mjs'

const endOfDirectory = 0x06054b50
const directoryEntry = 0x02014b50
const chunk = 1 << 20

/** Unpacks the members whose name `wanted` accepts into `folder`; returns how many. */
export async function unpack(zipPath, folder, wanted, show) {
  const zip = await open(zipPath)
  try {
    const entries = (await directory(zip, zipPath)).filter(({ name }) => wanted(name))
    const total = entries.reduce((sum, { size }) => sum + size, 0)
    let written = 0
    for (const entry of entries) {
      const target = join(folder, normalize(entry.name))
      if (!target.startsWith(folder + sep)) throw broken(zipPath)
      await mkdir(dirname(target), { recursive: true })
      if (entry.size === 0) {
        await writeFile(target, '')
        continue
      }
      const inflate = entry.deflated ? [createInflateRaw({ chunkSize: chunk })] : []
      await pipeline(
        createReadStream(zipPath, { ...(await extent(zip, entry)), highWaterMark: chunk }),
        ...inflate,
        async function* (parts) {
          for await (const part of parts) {
            written += part.length
            show(written / total)
            yield part
          }
        },
        // flush: without it, a power cut after the rename can leave a library full of zeros
        createWriteStream(target, { mode: entry.mode, flush: true, highWaterMark: chunk }),
      )
    }
    return entries.length
  } finally {
    await zip.close()
  }
}

async function directory(zip, zipPath) {
  const { size } = await zip.stat()
  const tail = await bytes(zip, Math.max(0, size - 65_557), Math.min(size, 65_557))
  let end = tail.length - 22
  while (end >= 0 && tail.readUInt32LE(end) !== endOfDirectory) end--
  if (end < 0) throw broken(zipPath)

  const count = tail.readUInt16LE(end + 10)
  const list = await bytes(zip, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12))
  const entries = []
  let at = 0
  for (let i = 0; i < count; i++) {
    if (list.readUInt32LE(at) !== directoryEntry) throw broken(zipPath)
    const nameLength = list.readUInt16LE(at + 28)
    const name = list.toString('utf8', at + 46, at + 46 + nameLength)
    if (!name.endsWith('/')) {
      entries.push({
        name,
        deflated: list.readUInt16LE(at + 10) === 8,
        packedSize: list.readUInt32LE(at + 20),
        size: list.readUInt32LE(at + 24),
        mode: (list.readUInt32LE(at + 38) >>> 16) & 0o111 ? 0o755 : 0o644,
        offset: list.readUInt32LE(at + 42),
      })
    }
    at += 46 + nameLength + list.readUInt16LE(at + 30) + list.readUInt16LE(at + 32)
  }
  return entries
}

/** Offset of a member's data, after its local header, whose name and extra fields vary in length. */
async function extent(zip, { offset, packedSize }) {
  const header = await bytes(zip, offset, 30)
  const start = offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  return { start, end: start + packedSize - 1 }
}

async function bytes(zip, position, length) {
  const { buffer } = await zip.read(Buffer.alloc(length), 0, length, position)
  return buffer
}

const broken = path => new SetupError(`${path} is not a readable wheel`, 'run the command again')
