import type { ChosenFile } from './chosen-files.js'

/** The largest file whose size fits the header of an entry. */
export const mostTarBytes = 8 ** 11 - 1

const block = 512
const encoder = new TextEncoder()

/**
 * Files as one tar, so that a folder with its many files is one upload that can go on after a break. The tar takes no
 * memory: it consists of headers and of the files on the user's disk, which are read while they are sent.
 */
export function tarOf(files: readonly ChosenFile[]): Blob {
  const parts: BlobPart[] = []
  for (const { path, file } of files) {
    const name = encoder.encode(path)
    // the header has room for 100 bytes and says nothing of their encoding
    if (name.length > 100 || name.length !== path.length) {
      const record = paxRecord('path', path)
      parts.push(header(encoder.encode('pax'), record.length, 'x'), record, padding(record.length))
    }
    parts.push(header(name.subarray(0, 100), file.size, '0'), file, padding(file.size))
  }
  parts.push(new Uint8Array(2 * block))
  return new Blob(parts, { type: 'application/x-tar' })
}

const padding = (bytes: number) => new Uint8Array((block - (bytes % block)) % block)

function header(name: Uint8Array, bytes: number, type: string): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(block)
  const put = (text: string, at: number) => made.set(encoder.encode(text), at)
  made.set(name)
  put('0000644\0', 100)
  put('0000000\0', 108)
  put('0000000\0', 116)
  put(`${bytes.toString(8).padStart(11, '0')}\0`, 124)
  put('00000000000\0', 136)
  put('        ', 148)
  put(type, 156)
  put('ustar\x0000', 257)
  const sum = made.reduce((total, byte) => total + byte, 0)
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return made
}

/** `LENGTH key=value\n`, where LENGTH counts its own digits, too. */
function paxRecord(key: string, value: string): Uint8Array<ArrayBuffer> {
  const rest = encoder.encode(` ${key}=${value}\n`).length
  let length = rest
  while (length !== rest + String(length).length) length = rest + String(length).length
  return encoder.encode(`${length} ${key}=${value}\n`)
}
