import { readFile } from 'node:fs/promises'
import { TrainyardError } from '../../errors.js'

/** More keys than clients need, and few enough to compare all of them for each request. */
const maxKeys = 100

/**
 * Reads the API keys in a file, one on each line: a Docker or Kubernetes secret, or a systemd credential. With
 * several lines, a key can be replaced while clients still use the old one. Blank lines do not count. Throws
 * INVALID_CONFIGURATION if the file cannot be read or holds something else; the message shows no key.
 */
export async function readKeyFile(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason = reasons[error.code ?? ''] ?? `cannot be read (${error.code})`
    throw invalidKeyFile(path, reason, error)
  })
  const lines = text.split(/\r?\n/).map((line, i) => ({ key: line.trim(), number: i + 1 }))
  const keys = lines.filter(({ key }) => key !== '')
  if (keys.length === 0) throw invalidKeyFile(path, 'holds no key')
  if (keys.length > maxKeys)
    throw invalidKeyFile(path, `holds ${keys.length} keys, more than ${maxKeys}`)
  const wrong = keys.find(({ key }) => !/^[\x21-\x7e]{16,256}$/.test(key))
  if (wrong) throw invalidKeyFile(path, `has no key on line ${wrong.number}`)
  return keys.map(({ key }) => key)
}

const reasons: Record<string, string> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'may not be read by the user of the server',
}

const invalidKeyFile = (path: string, reason: string, cause?: unknown) =>
  new TrainyardError(
    'INVALID_CONFIGURATION',
    `TRAINYARD_KEY_FILE is '${path}', which ${reason}; expected a file with one key on each line, each of 16 to 256 ASCII characters without blanks`,
    { cause },
  )
