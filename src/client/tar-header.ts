// The bytes of a tar around the contents of its files (POSIX.1-2001, ustar and pax).

/** The largest file whose size fits the header of an entry. */
export const mostTarBytes = 8 ** 11 - 1

const block = 512
const encoder = new TextEncoder()

/** What is before the content of a file: its header, after a record of its path if the header has no room for that. */
export function tarHead(path: string, bytes: number): Uint8Array<ArrayBuffer> {
  const name = encoder.encode(path)
  // the header has room for 100 bytes and says nothing of their encoding
  if (name.length <= 100 && name.length === path.length) return header(name, bytes, '0')
  const record = paxRecord('path', path)
  return joined([
    header(encoder.encode('pax'), record.length, 'x'),
    record,
    tarPadding(record.length),
    header(name.subarray(0, 100), bytes, '0'),
  ])
}

/** What follows a content of so many bytes. */
export const tarPadding = (bytes: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array((block - (bytes % block)) % block)

export const tarEnd = (): Uint8Array<ArrayBuffer> => new Uint8Array(2 * block)

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

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
