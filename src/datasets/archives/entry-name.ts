// The name of an entry becomes a class or a word of a message, never a path on disk. Names that would be
// dangerous as paths are refused all the same: the archive was made to harm, or something else made it wrong.

/** Bytes of the path of an entry. */
export const maxEntryNameBytes = 1024

/** Folders above an entry. */
export const maxEntryDepth = 32

/** Says what is wrong with the path of an entry, or returns null. */
export function entryNameProblem(path: string): string | null {
  if (path === '') return 'the entry has no name'
  if (Buffer.byteLength(path) > maxEntryNameBytes)
    return `the name has more than ${maxEntryNameBytes} bytes`
  if (/[\p{Cc}\u2028\u2029]/u.test(path)) return 'the name has a control character'
  if (path.includes('\\')) return `the name has a backslash: separate folders by '/'`
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) return 'the name is an absolute path'
  if (/%(?:25)*(?:2e|2f|5c|00)/i.test(path)) return 'the name has an encoded dot, slash or NUL'
  const steps = path.replace(/\/$/, '').split('/')
  if (steps.length > maxEntryDepth) return `the entry is below more than ${maxEntryDepth} folders`
  if (steps.includes('..')) return `the name leads elsewhere by '..'`
  if (steps.includes('') || steps.includes('.')) return `the name has an empty step or '.'`
  const device = steps.find(isDeviceName)
  return device === undefined ? null : `'${device}' is the name of a device on Windows`
}

const isDeviceName = (step: string): boolean =>
  /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(?:\.|$)/i.test(step)

/** The path without the `./` that tar puts first, in the normal form NFC, which Macs do not use. */
export const normalizeEntryPath = (path: string): string =>
  path.replace(/^(?:\.\/)+(?=.)/, '').normalize('NFC')

/** Equal for names that some file system takes for the same. */
export const foldName = (name: string): string =>
  name
    .normalize('NFC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC')
    .replace(/[. ]+$/, '')

/** For messages: without characters that a terminal or a log obeys, and not too long. */
export function displayEntry(path: string): string {
  const shown = path.replace(/\p{C}/gu, '\u00b7')
  if (shown.length <= maxEntryNameBytes) return shown
  return `${[...shown.slice(0, 400)].slice(0, 200).join('')}…`
}

export type DecodedName = { text: string; guessed: 'UTF-8' | 'code page 437' | 'Latin-1' | null }

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Null if the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return null
  }
}
