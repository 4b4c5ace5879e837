import type { InputFile } from '../input-file.js'
import { zipEntryNames } from './zip-directory.js'

export type ZipKind =
  | { kind: 'archive' }
  /** NumPy's savez: every entry is an array. */
  | { kind: 'npz' }
  /** Excel's format since 2007. */
  | { kind: 'xlsx' }
  /** A document of another program, by name. */
  | { kind: 'document'; name: string }

/** Documents by an entry that each of them has, and that no folder of images has. */
const documents: readonly [entry: RegExp, name: string][] = [
  [/^word\/document\d*\.xml$/, 'a Word document'],
  [/^ppt\/presentation\.xml$/, 'a PowerPoint document'],
  [/^META-INF\/manifest\.xml$/, 'an OpenDocument file: save the sheet as CSV (UTF-8)'],
  [/^Index\/Document\.iwa$/, 'a Numbers document: export the sheet as CSV (UTF-8)'],
  [/^META-INF\/MANIFEST\.MF$/, 'a Java archive'],
]

/** Tells kinds of files apart that are all zip archives, by the names of their entries. */
export function zipKind(file: InputFile): ZipKind {
  const names = zipEntryNames(file)
  if (names.length > 0 && names.every(name => name.endsWith('.npy'))) return { kind: 'npz' }
  if (names.includes('xl/workbook.xml') || names.includes('xl/workbook.bin')) {
    return { kind: 'xlsx' }
  }
  const found = documents.find(([entry]) => names.some(name => entry.test(name)))
  return found ? { kind: 'document', name: found[1] } : { kind: 'archive' }
}
