// One folder per class, below any common folders; train/, val/ and test/ above the classes or below them.

import { splitOf } from '../../split-names.js'

/** A folder that has images. */
export interface ImageFolder {
  /** The archive that it is in. */
  source: number
  /** The folders on the way to it; none at the top of the archive. */
  steps: readonly string[]
}

export interface FolderMeaning {
  /** Null if the images are beside the folders of the classes. */
  className: string | null
  split: string | null
  /** True if the folder is below that of its class. */
  isNested: boolean
}

/** Folders that contradict each other. The message says what to change. */
export class LayoutError extends Error {}

interface Part {
  folder: number
  rest: readonly string[]
  split: string | null
}

/** Finds what each folder means. Throws a LayoutError if the folders say nothing clear. */
export function readFolders(folders: readonly ImageFolder[]): FolderMeaning[] {
  const parts = groupBySource(folders).flatMap(members => readSource(folders, members))
  const splits = new Set(parts.map(({ split }) => split))
  if (splits.size > 1 && splits.has(null)) {
    const without = parts.find(({ split }) => split === null)!
    throw new LayoutError(
      `some images are in splits, but not those in ${quotePath(folders[without.folder]!.steps)}: put all of them into train/, val/ or test/, or none`,
    )
  }
  const meanings: FolderMeaning[] = []
  for (const { folder, rest, split } of parts) {
    meanings[folder] = {
      className: rest[0] ?? null,
      // one split divides nothing
      split: splits.size > 1 ? split : null,
      isNested: rest.length > 1,
    }
  }
  return meanings
}

function groupBySource(folders: readonly ImageFolder[]): number[][] {
  const groups: number[][] = []
  for (const [folder, { source }] of folders.entries()) {
    groups[source] ??= []
    groups[source].push(folder)
  }
  return groups.filter(group => group !== undefined)
}

/** The folders of one archive, without those that all its images share. */
function readSource(folders: readonly ImageFolder[], members: readonly number[]): Part[] {
  const paths = members.map(folder => folders[folder]!.steps)
  const shared = sharedSteps(paths)
  const above = splitOf(paths[0]![shared - 1])
  const parts = members.map(folder => ({
    folder,
    rest: folders[folder]!.steps.slice(shared),
    split: above,
  }))
  return above ? parts : withSplits(parts)
}

/** Steps that all paths begin with; of a single folder, all but the last, which may be a class. */
function sharedSteps(paths: readonly (readonly string[])[]): number {
  const [first] = paths as [readonly string[]]
  let shared = 0
  while (shared < first.length && paths.every(path => path[shared] === first[shared])) shared++
  return paths.length === 1 ? Math.max(0, shared - 1) : shared
}

function withSplits(parts: readonly Part[]): Part[] {
  const tops = parts.map(({ rest }) => rest[0])
  if (tops.every(top => splitOf(top))) return splitsAbove(parts)
  if (parts.every(({ rest }) => rest.length > 1 && splitOf(rest.at(-1)))) {
    return parts.map(part => ({
      ...part,
      rest: part.rest.slice(0, -1),
      split: splitOf(part.rest.at(-1)),
    }))
  }
  const splits = new Set(
    parts.filter(part => part.rest.length > 1 && splitOf(part.rest[0])).map(part => part.rest[0]!),
  )
  if (splits.size === 0) return [...parts]
  const other = tops.find(top => !splitOf(top))
  throw new LayoutError(
    `the folders ${[...splits].map(name => `'${name}'`).join(', ')} look like splits, but ${other === undefined ? 'there are images beside them' : `'${other}' beside them is none`}: leave it out, or move all images into splits`,
  )
}

/** All images are below folders such as train/ and test/. */
function splitsAbove(parts: readonly Part[]): Part[] {
  const below = parts.map(({ rest }) => rest.slice(1))
  const flat = below.findIndex(rest => rest.length === 0)
  // a class may be called "test"
  if (flat >= 0 && parts.length === 1) return [...parts]
  if (flat >= 0) {
    throw new LayoutError(
      `there are images in '${parts[flat]!.rest[0]}' itself, which is a split: put them into one folder per class below it, or add a CSV or JSON Lines with the columns file and label`,
    )
  }
  // such as train/images/roses and val/images/roses
  const shared = sharedSteps(distinctPaths(below))
  return parts.map((part, at) => ({
    ...part,
    rest: below[at]!.slice(shared),
    split: splitOf(part.rest[0]),
  }))
}

const distinctPaths = (paths: readonly (readonly string[])[]): (readonly string[])[] => [
  ...new Map(paths.map(path => [path.join('/'), path])).values(),
]

export const quotePath = (steps: readonly string[]): string =>
  steps.length === 0 ? 'the top folder' : `'${steps.join('/')}'`
