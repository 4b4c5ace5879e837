import { listNames, type Notes } from '../../spec/notes.js'
import { fileError } from '../errors.js'
import { FileProblems } from '../file-problems.js'
import type { ImageStream, IncomingImage } from '../images/image-stream.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { archiveFormat } from './archive-format.js'
import { displayEntry } from './entry-name.js'
import type { EntrySource } from './entry-source.js'
import { extractFiles } from './extract.js'
import type { FileList } from './file-list.js'
import { labelByFolders } from './layout/folder-layout.js'
import { findLabelFiles, labelByFiles } from './layout/label-layout.js'
import type { LabelledImages, LayoutInput } from './layout/labelled-images.js'
import { labelBySamples, labelEnding, saysLabel } from './layout/web-dataset.js'
import { LooseFiles } from './loose-files.js'
import { openArchive } from './open-archive.js'
import { type SortedFiles, sortFiles } from './sort-files.js'

/** What archives and loose files hold together. */
export type FileTree =
  | {
      kind: 'images'
      /** `addProblem` takes the error of an image that cannot be used. */
      openImages(
        declared: readonly string[] | null,
        addProblem: (error: unknown) => void,
      ): ImageStream
    }
  | {
      /** No images, but files that are opened as if they had been uploaded themselves. */
      kind: 'files'
      files: InputFile[]
      addNotes(notes: Notes): void
    }

/** Opens archives, and images that were uploaded as files. Throws with all problems that the archives have. */
export async function openFileTree(
  files: readonly InputFile[],
  scratch: string,
  limits: DatasetLimits,
): Promise<FileTree> {
  const problems = new FileProblems()
  const guessedNames: string[] = []
  const sources: EntrySource[] = []
  const loose: InputFile[] = []
  for (const file of files) {
    const format = archiveFormat(file)
    if (format) {
      const opened = await openArchive(file, format, limits, problems)
      sources.push(opened.archive)
      guessedNames.push(...opened.guessedNames)
    } else {
      file.close()
      loose.push(file)
    }
  }
  if (loose.length > 0) sources.push(new LooseFiles(loose, limits))
  const sorted = sortFiles(sources, problems)
  problems.throwIfAny()
  const addCommonNotes = (notes: Notes) => addNotesOf(notes, sorted, guessedNames)
  if (sorted.images.count > 0) {
    return {
      kind: 'images',
      openImages: (declared, addProblem) => {
        const labelled = labelImages(sorted, declared, addProblem)
        return toImageStream(labelled, addProblem, addCommonNotes)
      },
    }
  }
  const extracted = await extractFiles(sorted, scratch, limits, problems)
  problems.throwIfAny()
  if (extracted.length === 0) {
    const detail = 'there is nothing in it that can be read'
    throw fileError('DATASET_EMPTY', { file: files[0]!.name }, detail)
  }
  return { kind: 'files', files: extracted, addNotes: addCommonNotes }
}

function labelImages(
  sorted: SortedFiles,
  declared: readonly string[] | null,
  addProblem: (error: unknown) => void,
): LabelledImages & { texts: FileList; usedTexts: number } {
  const { images, texts } = sorted
  const structure = new FileProblems()
  const input: LayoutInput = { images, texts, declared, structure, addProblem }
  const [labelled, usedTexts] = chooseLayout(input)
  structure.throwIfAny()
  return { ...labelled, texts, usedTexts }
}

/** Returns the labels, and the number of texts that were used for them or for fields. */
function chooseLayout(input: LayoutInput): [LabelledImages, number] {
  const { images, texts } = input
  const ending = labelEnding(images, texts)
  if (ending === 'cls') return [labelBySamples(input, ending), texts.count]
  const files = findLabelFiles(texts)
  const byFiles = files.length > 0 ? labelByFiles(input, files) : null
  if (byFiles) return [byFiles, files.length]
  // texts beside images in folders may be captions
  if (ending && (saysLabel(texts, ending) || !hasFolders(images)))
    return [labelBySamples(input, ending), texts.count]
  const byFolders = labelByFolders(input)
  return [byFolders, byFolders.fields.sources]
}

function hasFolders(images: FileList): boolean {
  const folderOf = (image: number) => images.path(image).replace(/[^/]*$/, '')
  const first = folderOf(0)
  for (let image = 1; image < images.count; image++) if (folderOf(image) !== first) return true
  return false
}

function toImageStream(
  labelled: LabelledImages & { texts: FileList; usedTexts: number },
  addProblem: (error: unknown) => void,
  addCommonNotes: (notes: Notes) => void,
): ImageStream {
  return {
    images: readImages(labelled, addProblem),
    classNames: () => labelled.classNames,
    addNotes(notes) {
      labelled.addNotes(notes)
      labelled.fields.addNotes(notes)
      addCommonNotes(notes)
      const passedOver = labelled.texts.count - labelled.usedTexts
      addOtherFilesNote(notes, [[labelled.texts, passedOver]])
    },
  }
}

function* readImages(
  { images, labelIds, labels, splitIds, splits, fields }: LabelledImages,
  addProblem: (error: unknown) => void,
): Generator<IncomingImage> {
  for (let image = 0; image < images.count; image++) {
    const label = labels[labelIds[image]!]
    // a problem already
    if (label === undefined) continue
    let content: Buffer
    try {
      content = images.read(image)
    } catch (error) {
      addProblem(error)
      continue
    }
    const split = splitIds ? splits[splitIds[image]!]! : null
    const location = images.location(image)
    yield { location, content, shape: null, label, split, fields: fields.of(image) }
  }
}

function addNotesOf(notes: Notes, sorted: SortedFiles, guessedNames: readonly string[]): void {
  const { junk, images, data } = sorted
  if (junk.count > 0) {
    const message = `files that systems and authors leave in folders were passed over: ${junk.count}, such as ${listNames(junk.examples)}`
    notes.add('files_passed_over', message)
  }
  if (images.count > 0) addOtherFilesNote(notes, [[data, data.count]])
  else if (data.count > 0) addOtherFilesNote(notes, [[sorted.texts, sorted.texts.count]])
  if (guessedNames.length === 0) return
  const message = `names in the archive have letters whose code is not said, and were read as ${listNames(guessedNames)}`
  notes.add('entry_names_guessed', message)
}

function addOtherFilesNote(notes: Notes, lists: readonly [FileList, number][]): void {
  const [list, count] = lists[0]!
  if (count <= 0) return
  const examples = Array.from({ length: Math.min(3, list.count) }, (_, file) =>
    displayEntry(list.path(file)),
  )
  const message = `files that are no images were passed over: ${count}, such as ${listNames(examples)}`
  notes.add('files_passed_over', message)
}
