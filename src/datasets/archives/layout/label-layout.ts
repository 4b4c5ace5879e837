import { quoteJson, TrainyardError } from '../../../errors.js'
import { listNames, type Notes } from '../../../spec/notes.js'
import { type FileLocation, fileError } from '../../errors.js'
import { splitOf } from '../../split-names.js'
import { displayEntry } from '../entry-name.js'
import { type FileList, folderOf } from '../file-list.js'
import { ClassList } from './class-list.js'
import { ImageFields } from './image-fields.js'
import { ImageFinder } from './image-finder.js'
import { type LabelFile, type LabelRow, openLabelFile } from './label-rows.js'
import { type LabelledImages, type LayoutInput, SplitList } from './labelled-images.js'

/** Larger texts are no lists of labels. */
const maxLabelFileBytes = 256 * 2 ** 20

interface FoundLabelFile {
  file: LabelFile
  /** The number of the text in the list of texts. */
  text: number
}

/** Texts among the files of an upload that name images and labels. */
export function findLabelFiles(texts: FileList): FoundLabelFile[] {
  const found: FoundLabelFile[] = []
  for (let text = 0; text < texts.count && found.length < maxLabelFiles; text++) {
    if (!mayBeLabelFile(texts, text)) continue
    const file = openLabelFile(placeOf(texts.location(text)), Buffer.from(texts.read(text)))
    if (file) found.push({ file, text })
  }
  return found
}

const maxLabelFiles = 100

/** Looks at the first bytes only: an archive may have a text for each image. */
function mayBeLabelFile(texts: FileList, text: number): boolean {
  if (texts.bytes(text) > maxLabelFileBytes) return false
  const head = texts.head(text, 512)
  const [line = ''] = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()
    .split(/[\r\n]/)
  // a first line that is longer than this is that of a table
  return head.length < 512 || line.length < 500
}

const placeOf = ({ file, entry }: FileLocation): string =>
  entry === undefined ? file : `${file}: ${entry}`

/** Takes the labels from the files, which name the images. Null if no row names an image. */
export function labelByFiles(
  { images, texts, declared, addProblem }: LayoutInput,
  files: readonly FoundLabelFile[],
): LabelledImages | null {
  const reader = new LabelReader(images, declared, addProblem)
  for (const { file, text } of files) reader.read(file, texts, text)
  if (!reader.hasMatches) return null
  return reader.finish(files)
}

class LabelReader {
  hasMatches = false
  private readonly finder: ImageFinder
  private readonly classes: ClassList
  private readonly splits = new SplitList()
  private readonly labelIds: Int32Array
  private readonly splitIds: Uint8Array
  /** Problems wait until a row has named an image: the file may be about something else. */
  private readonly problems: unknown[] = []
  private readonly fields: ImageFields
  private hasSplitColumn = false

  constructor(
    private readonly images: FileList,
    declared: readonly string[] | null,
    private readonly addProblem: (error: unknown) => void,
  ) {
    this.finder = new ImageFinder(images)
    this.classes = new ClassList(declared, true)
    this.labelIds = new Int32Array(images.count).fill(-1)
    this.splitIds = new Uint8Array(images.count)
    this.fields = new ImageFields(images.count)
  }

  read(file: LabelFile, texts: FileList, text: number): void {
    if (file.columns.split !== null) this.hasSplitColumn = true
    const folder = folderOf(texts.path(text))
    const location = texts.location(text)
    // the reader of CSV names the place itself
    file.forEachRow(row => {
      try {
        this.add(row, folder, texts.sourceOf(text), { ...location, line: row.line })
      } catch (error) {
        if (!(error instanceof TrainyardError)) throw error
        this.problem(error)
      }
    })
  }

  finish(files: readonly FoundLabelFile[]): LabelledImages {
    const { images, labelIds } = this
    const fileNames = files.map(({ file }) => file.columns)
    const named = `no row of the labels names the image; leave the labels out if the folders are the classes`
    for (let image = 0; image < images.count; image++) {
      if (labelIds[image] !== -1) continue
      this.addProblem(fileError('DATASET_LABELS', images.location(image), named))
    }
    const splitIds = this.hasSplitColumn ? this.splitIds : this.splitsOfFolders()
    const hasSplits = this.splits.names.length > 1
    return {
      images,
      // of an image with a wrong row
      labelIds: labelIds.map(label => (label === refusedLabel ? -1 : label)),
      splitIds: hasSplits ? splitIds : null,
      splits: hasSplits ? this.splits.names : [],
      fields: this.fields,
      ...this.classes.finish(),
      addNotes: notes => addLabelNotes(notes, fileNames[0]!, files.length, this.splits.names),
    }
  }

  private add(row: LabelRow, folder: string, source: number, location: FileLocation): void {
    const found = this.finder.find(row.file, folder, source)
    const { images, labelIds } = this
    if (found === 'none') {
      const detail = `there is no image ${quoteJson(row.file)}`
      throw fileError('DATASET_LABELS', location, detail)
    }
    if ('other' in found) {
      const [one, other] = [found.image, found.other].map(
        at => `'${displayEntry(images.path(at))}'`,
      )
      const detail = `${quoteJson(row.file)} may be ${one} or ${other}: write the folder, too`
      throw fileError('DATASET_LABELS', location, detail)
    }
    this.openProblems()
    const { image } = found
    const before = labelIds[image]!
    labelIds[image] = refusedLabel
    if (row.label.trim() === '') throw fileError('DATASET_LABELS', location, 'the row has no label')
    const label = this.classes.idOf(row.label.trim().normalize('NFC'), location)
    if (before >= 0 && before !== label) {
      const detail = `${quoteJson(row.file)} has two labels, ${quoteJson(this.classes.names[before])} and ${quoteJson(row.label)}`
      throw fileError('DATASET_LABELS', location, detail)
    }
    if (row.split !== null) this.splitIds[image] = this.splitIdOf(row.split, location)
    this.fields.add(image, row.fields)
    labelIds[image] = label
  }

  private splitIdOf(text: string, location: FileLocation): number {
    const split = splitOf(text.trim())
    if (split !== null) return this.splits.idOf(split)
    const detail = `the split is ${quoteJson(text)}, expected train, val or test`
    throw fileError('DATASET_LABELS', location, detail)
  }

  /** Without a column, the folders may say the split: each image is below one that is named so. */
  private splitsOfFolders(): Uint8Array {
    const { images } = this
    const ids = new Uint8Array(images.count)
    for (let image = 0; image < images.count; image++) {
      const steps = folderOf(images.path(image)).split('/')
      const split = steps.map(splitOf).find(name => name !== null)
      if (split === undefined) {
        this.splits.names.length = 0
        break
      }
      ids[image] = this.splits.idOf(split!)
    }
    return ids
  }

  private problem(error: unknown): void {
    if (this.hasMatches) this.addProblem(error)
    else if (this.problems.length < 100) this.problems.push(error)
  }

  private openProblems(): void {
    if (this.hasMatches) return
    this.hasMatches = true
    for (const error of this.problems.splice(0)) this.addProblem(error)
  }
}

/** A row names the image, but its label cannot be used, which is a problem already. */
const refusedLabel = -2

function addLabelNotes(
  notes: Notes,
  { file, label, split }: LabelFile['columns'],
  files: number,
  splits: readonly string[],
): void {
  const columns = `'${file}' names the images, and '${label}' their labels`
  const several = files > 1 ? `; ${files} files have labels` : ''
  const parts =
    split === null || splits.length < 2 ? '' : `; '${split}' divides them into ${listNames(splits)}`
  notes.add('labels_from_file', `${columns}${parts}${several}`)
}
