// Histograms of the columns of a table of numbers: NaN is missing, a category is its code.
import type { CategoryBins, FeatureBins, NumberBins, ReferencePart } from '../spec/model-watch.js'

/** A column of a table to count. */
export interface CountedColumn {
  name: string
  /** Position in a row. */
  index: number
  /** Names by code; null for numbers. */
  categories: readonly string[] | null
}

/** More features make no report that somebody reads. */
export const maxFeatures = 1000
/** Inner bins of a number, and categories with a bin of their own. */
const maxNumberBins = 10
const maxCategoryBins = 20
/** Rows of the reference for each bin but the first: by chance alone, more bins would differ too much (drift.ts). */
const rowsPerBin = 100

/** Bins that so many rows of a reference fill reliably. One of them is taken by the missing values, if there are some. */
const binsFor = (rows: number, missing: number) =>
  1 + Math.floor(rows / rowsPerBin) - Number(missing > 0)

/** Chooses bins by a sample of rows [rows, width], and counts the sample in them. */
export function referenceBins(
  sample: Float32Array,
  width: number,
  columns: readonly CountedColumn[],
): FeatureBins[] {
  const rows = width === 0 ? 0 : sample.length / width
  return columns.slice(0, maxFeatures).map(column => {
    const values = new Float32Array(rows)
    for (let row = 0; row < rows; row++) values[row] = sample[row * width + column.index]!
    return column.categories
      ? categoryBins(column, column.categories, values)
      : numberBins(column, values)
  })
}

/** Quantiles that are values themselves (NumPy's `inverted_cdf`), equal ones once. */
function numberBins({ name, index }: CountedColumn, values: Float32Array): NumberBins {
  const sorted = values.filter(value => !Number.isNaN(value)).sort()
  const missing = values.length - sorted.length
  const min = finite(sorted[0] ?? 0)
  const max = finite(sorted.at(-1) ?? 0)
  const wanted = Math.max(1, Math.min(maxNumberBins, binsFor(values.length, missing)))
  const inner = new Set<number>()
  for (let i = 1; i < wanted; i++) {
    const value = sorted[Math.ceil((i * sorted.length) / wanted) - 1]!
    if (value < max) inner.add(finite(value))
  }
  const bins: NumberBins = {
    ...{ name, index, kind: 'number', edges: [min, ...inner, max] },
    ...{ counts: [], missing },
  }
  const layout = new BinLayout([bins])
  const counts = layout.empty()
  for (const value of sorted) layout.countValue(counts, 0, value)
  // without the last one, of the missing
  bins.counts = [...counts.slice(0, -1)]
  return bins
}

/** JSON has no infinity. */
const finite = (value: number): number =>
  Number.isFinite(value) ? value : Math.sign(value) * Number.MAX_VALUE

function categoryBins(
  { name, index }: CountedColumn,
  categories: readonly string[],
  values: Float32Array,
): CategoryBins {
  const all = new Float64Array(categories.length)
  let missing = 0
  for (const value of values) {
    if (value >= 0 && value < categories.length) all[Math.trunc(value)]!++
    else missing++
  }
  const known = values.length - missing
  const seen = [...all.keys()].filter(code => all[code]! > 0)
  const allowed = Math.min(maxCategoryBins, binsFor(values.length, missing))
  // the others share a bin
  const kept = seen.length <= allowed ? seen.length : Math.max(0, allowed - 1)
  const codes = seen.sort((a, b) => all[b]! - all[a]! || a - b).slice(0, kept)
  const counts = codes.map(code => all[code]!)
  return {
    ...{ name, index, kind: 'category', codes, values: codes.map(code => categories[code]!) },
    ...{ counts, other: known - counts.reduce((sum, count) => sum + count, 0), missing },
  }
}

/** The bins of a feature: the number of all, and that of the missing values, the last one. */
const binCount = (bins: FeatureBins): number =>
  bins.kind === 'number' ? bins.edges.length + 2 : bins.codes.length + 3

/**
 * Counts rows in the bins of a reference, all in one array. A number's bins are those of `NumberBins`, then missing; a
 * category's are the kept ones, others, unknown ones, then missing.
 */
export class BinLayout {
  readonly length: number
  /** Where the bins of each feature begin. */
  readonly offsets: Int32Array
  private readonly columns: Int32Array
  /** Of all numbers: the edges, each feature's behind that of the feature before. */
  private readonly edges: Float64Array
  /** By feature, where its edges begin, and where those of the next one do. */
  private readonly edgesAt: Int32Array
  /** By feature: code → bin; null for numbers. */
  private readonly codes: readonly (ReadonlyMap<number, number> | null)[]

  constructor(readonly features: readonly FeatureBins[]) {
    this.offsets = new Int32Array(features.length + 1)
    this.edgesAt = new Int32Array(features.length + 1)
    const edges: number[] = []
    for (const [i, feature] of features.entries()) {
      this.offsets[i + 1] = this.offsets[i]! + binCount(feature)
      if (feature.kind === 'number') edges.push(...feature.edges)
      this.edgesAt[i + 1] = edges.length
    }
    this.length = this.offsets[features.length]!
    this.edges = Float64Array.from(edges)
    this.columns = Int32Array.from(features, ({ index }) => index)
    this.codes = features.map(feature =>
      feature.kind === 'category' ? new Map(feature.codes.map((code, bin) => [code, bin])) : null,
    )
  }

  empty(): Float64Array {
    return new Float64Array(this.length)
  }

  /** Counts the row that begins at `from`. */
  countRow(counts: Float64Array, rows: ArrayLike<number>, from: number): void {
    const { columns } = this
    for (let i = 0; i < columns.length; i++) this.countValue(counts, i, rows[from + columns[i]!]!)
  }

  countValue(counts: Float64Array, feature: number, value: number): void {
    counts[this.binOf(feature, value)]!++
  }

  /** Moves values of a feature from missing to unknown: a category that the model does not know reaches it as missing. */
  moveToUnknown(counts: Float64Array, feature: number, count: number): void {
    const last = this.offsets[feature + 1]! - 1
    const moved = Math.min(count, counts[last]!)
    counts[last]! -= moved
    counts[last - 1]! += moved
  }

  private binOf(feature: number, value: number): number {
    const end = this.offsets[feature + 1]!
    // biome-ignore lint/suspicious/noSelfCompare: faster than Number.isNaN, in the path of each prediction
    if (value !== value) return end - 1
    const codes = this.codes[feature]
    const offset = this.offsets[feature]!
    if (codes) return offset + (codes.get(value) ?? codes.size)
    const { edges } = this
    const last = this.edgesAt[feature + 1]! - 1
    let edge = this.edgesAt[feature]!
    if (value < edges[edge]!) return offset
    if (value > edges[last]!) return end - 2
    const first = edge++
    while (edge < last && value > edges[edge]!) edge++
    return offset + edge - first
  }
}

/** The counts of a reference, as `BinLayout` orders them. */
export function referenceCounts(features: readonly FeatureBins[]): Float64Array {
  return Float64Array.from(
    features.flatMap(feature =>
      feature.kind === 'number'
        ? [...feature.counts, feature.missing]
        : [...feature.counts, feature.other, 0, feature.missing],
    ),
  )
}

/** What the bins of a feature are called, in the order of `BinLayout`. */
export function binNames(feature: FeatureBins): string[] {
  if (feature.kind === 'category') return [...feature.values, '(other)', '(unknown)', '(missing)']
  const { edges } = feature
  const [min, max] = [edges[0]!, edges.at(-1)!]
  const inner = edges.slice(1).map((edge, i) => `${i === 0 ? '[' : '('}${edges[i]}, ${edge}]`)
  return [`< ${min}`, ...inner, `> ${max}`, '(missing)']
}

/** A part of a reference. `sample`: rows [rows, width] of the `of` rows of a part. */
export function referencePart(
  part: ReferencePart['part'],
  of: number,
  {
    rows,
    width,
    columns,
  }: { rows: Float32Array; width: number; columns: readonly CountedColumn[] },
): ReferencePart {
  const count = width === 0 ? 0 : rows.length / width
  return { part, rows: count, of, features: referenceBins(rows, width, columns) }
}
