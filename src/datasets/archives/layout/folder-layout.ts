import { TrainyardError } from '../../../errors.js'
import { listNames, type Notes } from '../../../spec/notes.js'
import { fileError } from '../../errors.js'
import { maxClasses } from '../../limits.js'
import { type FileList, folderOf } from '../file-list.js'
import { ClassList } from './class-list.js'
import {
  type FolderMeaning,
  type ImageFolder,
  LayoutError,
  quotePath,
  readFolders,
} from './folder-classes.js'
import { type LabelledImages, type LayoutInput, SplitList } from './labelled-images.js'
import { readFields } from './web-dataset.js'

/** Classes, their splits, and folders below them. */
const maxFolders = 4 * maxClasses

/** Takes the folders of the images as their classes. */
export function labelByFolders({
  images,
  texts,
  declared,
  structure,
  addProblem,
}: LayoutInput): LabelledImages {
  const { folders, folderIds } = listFolders(images)
  const meanings = meaningsOf(images, folders)
  checkClasses(images, folders, meanings, declared)
  const classes = new ClassList(declared, false)
  const splits = new SplitList()
  const hasSplits = meanings.some(({ split }) => split !== null)
  const classIds = new Int32Array(folders.length).fill(-1)
  const labelIds = new Int32Array(images.count).fill(-1)
  const splitIds = hasSplits ? new Uint8Array(images.count) : null
  const refused = new Set<string>()
  for (let image = 0; image < images.count; image++) {
    const folder = folderIds[image]!
    const { className, split } = meanings[folder]!
    if (className === null) {
      const detail = 'the image is beside the folders of the classes: move it into one of them'
      addProblem(fileError('DATASET_LABELS', images.location(image), detail))
      continue
    }
    if (refused.has(className)) continue
    if (classIds[folder] === -1) {
      try {
        classIds[folder] = classes.idOf(className, images.location(image))
      } catch (error) {
        if (!(error instanceof TrainyardError)) throw error
        structure.addError(error)
        // one problem for each class
        refused.add(className)
        continue
      }
    }
    labelIds[image] = classIds[folder]!
    if (splitIds && split !== null) splitIds[image] = splits.idOf(split)
  }
  return {
    images,
    labelIds,
    splitIds,
    splits: splits.names,
    fields: readFields(images, texts),
    ...classes.finish(),
    addNotes: notes => addFolderNotes(notes, folders, meanings, splits.names),
  }
}

function listFolders(images: FileList): { folders: ImageFolder[]; folderIds: Uint32Array } {
  const folders: ImageFolder[] = []
  const known = new Map<string, number>()
  const folderIds = new Uint32Array(images.count)
  for (let image = 0; image < images.count; image++) {
    const source = images.sourceOf(image)
    const path = folderOf(images.path(image))
    const key = `${source}/${path}`
    let folder = known.get(key)
    if (folder === undefined) {
      folder = folders.length
      if (folder === maxFolders) {
        const detail = `there are more than ${maxFolders} folders of images`
        throw fileError('DATASET_TOO_LARGE', images.location(image), detail)
      }
      known.set(key, folder)
      folders.push({ source, steps: path === '' ? [] : path.split('/') })
    }
    folderIds[image] = folder
  }
  return { folders, folderIds }
}

function meaningsOf(images: FileList, folders: readonly ImageFolder[]): FolderMeaning[] {
  try {
    return readFolders(folders)
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error
    throw fileError('DATASET_LABELS', { file: uploadName(images) }, error.message)
  }
}

/** A single folder is no class, unless the form says so: "photos" tells nothing about what is on them. */
function checkClasses(
  images: FileList,
  folders: readonly ImageFolder[],
  meanings: readonly FolderMeaning[],
  declared: readonly string[] | null,
): void {
  const names = new Set(meanings.map(({ className }) => className))
  names.delete(null)
  const [only] = names
  if (names.size > 1 || (only !== undefined && declared?.includes(only as string))) return
  if (only !== undefined && meanings.some(({ split }) => split !== null)) return
  const place =
    only === undefined ? 'beside each other' : `in one folder, ${quotePath(folders[0]!.steps)}`
  const detail = `all ${images.count} images are ${place}, so nothing tells their classes: put them into one folder per class, or add a CSV or JSON Lines with the columns file and label`
  throw fileError('DATASET_LABELS', { file: uploadName(images) }, detail)
}

const uploadName = (images: FileList): string =>
  images.sources.find(({ archive }) => archive !== null)?.archive ?? 'upload'

function addFolderNotes(
  notes: Notes,
  folders: readonly ImageFolder[],
  meanings: readonly FolderMeaning[],
  splits: readonly string[],
): void {
  const example = folders[0]!.steps.join('/')
  const named = meanings[0]!.className
  const inSplits =
    splits.length > 0 ? `, and folders such as '${example}' as the splits ${listNames(splits)}` : ''
  notes.add(
    'labels_from_folders',
    `the folders of the images were taken as their classes, such as '${named}' of '${example}'${inSplits}`,
  )
  const nested = folders.filter((_, folder) => meanings[folder]!.isNested)
  if (nested.length === 0) return
  const message = `${nested.length} folders are below that of a class, and their images belong to it: ${listNames(nested.map(({ steps }) => steps.join('/')))}`
  notes.add('folders_within_classes', message)
}
