import { basename } from 'node:path'

/** The client's file name without its path and control characters, for messages only. */
export function displayName(name: string): string {
  const baseName = basename(name.replaceAll('\\', '/'))
  return [...baseName.replace(/\p{C}/gu, '')].slice(0, 100).join('') || 'file'
}
