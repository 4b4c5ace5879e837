import type { FileProblems } from '../file-problems.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { ArchiveFile } from './archive-file.js'
import { displayEntry } from './entry-name.js'
import type { EntryTable } from './entry-table.js'
import { PathSet } from './path-set.js'
import { indexTar } from './tar-index.js'
import { indexZip } from './zip-index.js'

export interface OpenArchive {
  archive: ArchiveFile
  /** Some names whose characters are guessed. */
  guessedNames: string[]
}

/** Reads what the archive holds. What is wrong with it is thrown, or added to `problems`. */
export async function openArchive(
  file: InputFile,
  format: 'zip' | 'tar',
  limits: DatasetLimits,
  problems: FileProblems,
): Promise<OpenArchive> {
  const index =
    format === 'zip' ? await indexZip(file, limits, problems) : indexTar(file, limits, problems)
  checkRepeatedNames(file, index.entries, problems)
  return {
    archive: new ArchiveFile(file, index.entries, limits),
    guessedNames: index.guessedNames,
  }
}

/** Of two entries with one name, some programs take the first and others the second. */
function checkRepeatedNames(file: InputFile, entries: EntryTable, problems: FileProblems): void {
  const seen = new PathSet(entries)
  for (let entry = 0; entry < entries.count; entry++) {
    if (seen.add(entry)) continue
    const location = { file: file.name, entry: displayEntry(entries.path(entry)) }
    problems.add('DATASET_FORMAT', location, 'the archive has two entries of this name')
  }
}
