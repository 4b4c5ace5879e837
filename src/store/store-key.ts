import { join } from 'node:path'
import { quoteJson, TrainyardError } from '../errors.js'

/** Never starts with a dot, so neither `..` nor the store's own `.staging` can be reached. */
const segmentPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/

export const isKeySegment = (text: string): boolean => segmentPattern.test(text)

/** The path of a key below `root`; anything but `/`-separated names is refused. */
export function pathOf(root: string, key: string): string {
  const segments = key.split('/')
  if (segments.every(isKeySegment)) return join(root, ...segments)
  throw new TrainyardError(
    'INVALID_KEY',
    `${quoteJson(key)} is not a key: expected names of letters, digits, '.', '_' and '-', separated by '/'`,
  )
}
