import { fileError } from '../errors.js'
import type { FeatureNames } from '../images/image-form.js'
import { splitWords, usualSplits } from '../split-names.js'
import type { NpyArray } from './npy.js'

/** Images or rows of a table, and their labels. */
export interface ArrayPart {
  /** Null if the upload has no splits. */
  split: string | null
  data: NpyArray
  labels: NpyArray | null
}

export interface SortedArrays {
  parts: ArrayPart[]
  /** Neither data nor labels. */
  leftOut: NpyArray[]
  /** True if not all arrays have names that say what they are. */
  isByShape: boolean
}

type Role = 'data' | 'labels'

/** In names of arrays, abbreviations are usual too. */
const arraySplitWords: ReadonlyMap<string, string> = new Map([
  ...splitWords,
  ['tr', 'train'],
  ['te', 'test'],
])

const roleWords: ReadonlyMap<string, Role> = new Map([
  ...['x', 'xs', 'data', 'image', 'images', 'img', 'imgs', 'pixels'].map(toData),
  ...['feature', 'features', 'input', 'inputs', 'samples'].map(toData),
  ...['y', 'ys', 'label', 'labels', 'target', 'targets', 'class', 'classes'].map(toLabels),
])

function toData(word: string): [string, Role] {
  return [word, 'data']
}

function toLabels(word: string): [string, Role] {
  return [word, 'labels']
}

/**
 * Finds out which arrays are data and which are labels, of which split: by the names that the form says, by
 * usual names such as `x_train`, else by their shapes if only one reading is possible. Throws DATASET_FORMAT.
 */
export function sortArrays(
  arrays: readonly NpyArray[],
  given: Partial<FeatureNames> | null,
): SortedArrays {
  const groups = new Map<string | null, Group>()
  for (const array of arrays) {
    const { split, role } = readName(array.name, given)
    const group = groups.get(split) ?? new Group(split, arrays)
    groups.set(split, group)
    group.add(array, role)
  }
  checkGiven(arrays, given)
  const isByShape = [...groups.values()].map(group => group.fillByShape(given)).some(Boolean)
  const found = [...groups.values()].flatMap(group => {
    const part = group.part()
    return part ? [part] : []
  })
  if (found.length === 0) {
    throw refusal(arrays, 'none of the arrays has a usual name of data, such as images or x')
  }
  const parts = found.sort((a, b) => orderOf(a.split) - orderOf(b.split))
  if (parts.length > 1 && parts.some(({ split }) => split === null)) {
    throw refusal(arrays, 'some arrays have a split in their name, others have none')
  }
  const used = new Set(parts.flatMap(({ data, labels }) => [data, labels]))
  return { parts, leftOut: arrays.filter(array => !used.has(array)), isByShape }
}

const orderOf = (split: string | null): number => (split === null ? -1 : usualSplits.indexOf(split))

/** `x_train`, `trainImages`, `Xtest`. */
function readName(
  name: string,
  given: Partial<FeatureNames> | null,
): { split: string | null; role: Role | null } {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .flatMap(splitJoined)
  const splits = new Set(words.flatMap(word => arraySplitWords.get(word) ?? []))
  const roles = new Set(words.flatMap(word => roleWords.get(word) ?? []))
  const [split = null] = splits.size === 1 ? splits : []
  const role = roles.has('labels') ? 'labels' : roles.has('data') ? 'data' : null
  if (!given?.image && !given?.label) return { split, role }
  if (name === given.image) return { split, role: 'data' }
  if (name === given.label) return { split, role: 'labels' }
  // a name that the form gives for one role leaves the other to be found
  const isTaken = role === 'data' ? given.image : given.label
  return { split, role: isTaken ? null : role }
}

/** `xtrain` and `trainx` are two words. */
function splitJoined(word: string): string[] {
  for (const split of arraySplitWords.keys()) {
    for (const role of roleWords.keys()) {
      if (word === role + split || word === split + role) return [role, split]
    }
  }
  return [word]
}

function checkGiven(arrays: readonly NpyArray[], given: Partial<FeatureNames> | null): void {
  for (const name of [given?.image, given?.label]) {
    if (name === undefined || arrays.some(array => array.name === name)) continue
    throw refusal(arrays, `the form field features names '${name}', which is none of the arrays`)
  }
}

/** The arrays of one split. */
class Group {
  private readonly byRole: Record<Role, NpyArray[]> = { data: [], labels: [] }
  private others: NpyArray[] = []

  constructor(
    private readonly split: string | null,
    private readonly all: readonly NpyArray[],
  ) {}

  add(array: NpyArray, role: Role | null): void {
    const list = role ? this.byRole[role] : this.others
    list.push(array)
  }

  /** Gives arrays without a usual name a role if their shapes leave only one. Returns true if it gave one. */
  fillByShape(given: Partial<FeatureNames> | null): boolean {
    const { data, labels, others } = this
    const before = others.length
    const hasOnlyThese = data.length === 0 && labels.length === 0
    if (data.length === 0 && !given?.image) {
      const candidates = others.filter(array => isData(array))
      const images = candidates.filter(({ shape }) => shape.length > 2)
      const only = images.length > 0 ? images : candidates
      // beside others, a lone table may be anything, such as the ids of the images
      if (only.length === 1 && (hasOnlyThese || images.length > 0 || labels.length > 0)) {
        this.take(only[0]!, 'data')
      }
    }
    const rows = data[0]?.rows
    if (labels.length === 0 && rows !== undefined && !given?.label) {
      const fitting = this.others.filter(array => isLabels(array) && array.rows === rows)
      if (fitting.length === 1) this.take(fitting[0]!, 'labels')
    }
    return this.others.length < before
  }

  part(): ArrayPart | null {
    const { data, labels, split } = this
    for (const [role, list] of Object.entries(this.byRole)) {
      if (list.length < 2) continue
      const names = list.map(({ name }) => `'${name}'`).join(' and ')
      const cure =
        'name them x and y, or, for images, say which by the form field features: {"image":"…","label":"…"}'
      throw refusal(this.all, `${names} may be the ${role}${ofSplit(split)}: ${cure}`)
    }
    const [only] = data
    if (!only) {
      if (labels.length === 0) return null
      throw refusal(
        this.all,
        `there are labels${ofSplit(split)} ('${labels[0]!.name}'), but no data`,
      )
    }
    const [answers = null] = labels
    if (answers && answers.rows !== only.rows) {
      const detail = `${answers.rows} labels for ${only.rows} in '${only.name}'`
      throw fileError('DATASET_SIZE_MISMATCH', answers.location, detail)
    }
    return { split, data: only, labels: answers }
  }

  private get data() {
    return this.byRole.data
  }

  private get labels() {
    return this.byRole.labels
  }

  private take(array: NpyArray, role: Role): void {
    this.byRole[role].push(array)
    this.others = this.others.filter(other => other !== array)
  }
}

const ofSplit = (split: string | null): string => (split === null ? '' : ` of ${split}`)

const isData = ({ shape, type }: NpyArray): boolean => shape.length > 1 || type.element === null

/** [n], or [n, 1]. */
const isLabels = ({ shape, type }: NpyArray): boolean =>
  type.element !== null && (shape.length === 1 || (shape.length === 2 && shape[1] === 1))

/** The error of arrays whose roles are not clear: it lists them. */
function refusal(arrays: readonly NpyArray[], detail: string) {
  const shown = arrays.slice(0, 20).map(array => `'${array.name}' ${array.describe()}`)
  const more = arrays.length > shown.length ? ` and ${arrays.length - shown.length} more` : ''
  const message = `${detail}; found ${shown.join(', ')}${more}`
  return fileError('DATASET_FORMAT', { file: arrays[0]!.location.file }, message)
}
