/** An entry, and what its header says instead of the truth. */
export interface TarEntry {
  name: string | Buffer
  content?: Uint8Array | string
  /** '0' a file, '5' a folder, '2' a symbolic link, 'x' an extended header. */
  type?: string
  link?: string
  /** The 12 bytes of the size. */
  size?: string | Buffer
  /** The 8 bytes of the checksum. */
  checksum?: string
  magic?: string
}

/** Writes a tar archive, also one that lies. `endBlocks` of zeros end it. */
export function tarFile(entries: readonly TarEntry[], endBlocks = 2): Buffer {
  return Buffer.concat([...entries.flatMap(tarEntry), Buffer.alloc(512 * endBlocks)])
}

function tarEntry(entry: TarEntry): Buffer[] {
  const content = Buffer.from(entry.content ?? '')
  const header = Buffer.alloc(512)
  toBuffer(entry.name).copy(header, 0, 0, 100)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  toBuffer(entry.size ?? `${octal(content.length, 11)}\0`).copy(header, 124)
  header.write('00000000000\0', 136)
  header.write(entry.type ?? '0', 156)
  header.write(entry.link ?? '', 157)
  header.write(entry.magic ?? 'ustar\x0000', 257, 'latin1')
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(entry.checksum ?? `${octal(sum, 6)}\0 `, 148, 'latin1')
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512)
  return [header, content, padding]
}

const toBuffer = (value: string | Buffer) =>
  typeof value === 'string' ? Buffer.from(value) : value

const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')

/** A record of an extended header. */
export function paxRecord(key: string, value: string): Buffer {
  const body = Buffer.from(` ${key}=${value}\n`)
  let length = body.length
  while (String(length).length + body.length !== length)
    length = String(length).length + body.length
  return Buffer.concat([Buffer.from(String(length)), body])
}
