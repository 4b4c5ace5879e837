import { formatBytes, formatCount, missing } from '../../presentation/units.js'
import type { DatasetManifest, ImagesManifest, TableManifest } from '../../spec/dataset.js'
import type { Output } from '../output.js'
import { countOf, formatMetric } from '../terminal/format.js'
import { printable } from '../terminal/printable.js'
import { type Column, table } from '../terminal/table.js'
import { wrap } from '../terminal/wrap.js'

/** Longer lists of classes and columns are cut. */
const maxRows = 30

/** A data set for a person: what it has, and what the server inferred, changed and left out. */
export function describeDataset(dataset: DatasetManifest, output: Output): string {
  const { width } = output
  const bold = (text: string) => output.style('bold', text)
  const parts = [
    `${bold(printable(dataset.name))}  ${dataset.id}`,
    ...(dataset.kind === 'images' ? imageFacts(dataset) : tableFacts(dataset)).map(fact =>
      wrap(fact, width, '  '),
    ),
    ...(dataset.splits ? [wrap(`splits: ${splitCounts(dataset)}`, width, '  ')] : []),
    '',
    dataset.kind === 'images'
      ? classTable(dataset, width, bold)
      : columnTable(dataset, width, bold),
    ...skippedLines(dataset, width),
    ...noteLines(dataset, width),
  ]
  return parts.join('\n')
}

const channelNames = { 1: 'grey', 3: 'colour', 4: 'colour with opacity' } as const

function imageFacts(dataset: ImagesManifest): string[] {
  const { records, height, width, channels, labels, resize, sizes, formats } = dataset
  const facts = [
    `${countOf(records, 'image')} of ${height} x ${width} pixels, ${channelNames[channels]}, in ${countOf(labels.length, 'class', 'classes')}; ${formatBytes(bytesOf(dataset))}`,
  ]
  if (formats) {
    const each = Object.entries(formats).map(([name, count]) => `${formatCount(count)} ${name}`)
    facts.push(`uploaded as ${each.join(', ')}`)
  }
  if (resize) facts.push(`resized to ${resize.height} x ${resize.width} (${resize.mode})`)
  if (sizes && sizes.different > 1) {
    facts.push(
      `${countOf(sizes.different, 'size')} before, from ${sizes.height.min} x ${sizes.width.min} to ${sizes.height.max} x ${sizes.width.max}`,
    )
  }
  return facts
}

function tableFacts(dataset: TableManifest): string[] {
  const { records, columns, target } = dataset
  return [
    `${countOf(records, 'row')}, ${countOf(columns.length, 'column')}; ${formatBytes(bytesOf(dataset))}`,
    target === null ? 'no target: each job names the column to predict' : `target: ${target}`,
  ]
}

export const bytesOf = ({ shards }: DatasetManifest): number =>
  shards.reduce((sum, { bytes }) => sum + bytes, 0)

const splitCounts = ({ splits = [] }: DatasetManifest) =>
  splits.map(({ name, records }) => `${name} ${formatCount(records)}`).join(', ')

interface ClassRow {
  label: string
  count: number
}
const classColumns: readonly Column<ClassRow>[] = [
  { title: 'CLASS', value: ({ label }) => label },
  { title: 'IMAGES', value: ({ count }) => formatCount(count), align: 'right' },
]

function classTable(
  { labels, classCounts }: ImagesManifest,
  width: number,
  bold: (text: string) => string,
): string {
  const rows = labels.map((label, i) => ({ label, count: classCounts[i]! }))
  return table(rows.slice(0, maxRows), classColumns, width, bold) + more(rows.length, 'classes')
}

type TableColumn = TableManifest['columns'][number]
const columnColumns: readonly Column<TableColumn>[] = [
  { title: 'COLUMN', value: ({ name }) => name },
  { title: 'TYPE', value: ({ type }) => type },
  {
    title: 'MISSING',
    value: column => (column.missing === 0 ? missing : formatCount(column.missing)),
    align: 'right',
    rank: 1,
  },
  {
    title: 'DISTINCT',
    value: ({ distinct }) => (distinct === null ? 'many' : formatCount(distinct)),
    align: 'right',
    rank: 2,
  },
  { title: 'VALUES', value: valuesOf, rank: 3 },
]

function valuesOf(column: TableColumn): string {
  if (column.type === 'text') return 'not stored, and no feature'
  if (column.type === 'category') {
    const shown = column.categories.slice(0, 4).join(', ')
    return column.categories.length > 4 ? `${shown}, …` : shown
  }
  if (column.min === null) return missing
  return `${formatMetric(column.min)} to ${formatMetric(column.max)}, mean ${formatMetric(column.mean)}`
}

function columnTable(
  { columns }: TableManifest,
  width: number,
  bold: (text: string) => string,
): string {
  return (
    table(columns.slice(0, maxRows), columnColumns, width, bold) + more(columns.length, 'columns')
  )
}

const more = (count: number, what: string) =>
  count > maxRows ? `\n… and ${formatCount(count - maxRows)} more ${what} (--json has all)` : ''

const maxProblems = 10

function skippedLines({ skipped }: DatasetManifest, width: number): string[] {
  if (!skipped) return []
  const { records, problems } = skipped
  const rest = records - Math.min(records, problems.length, maxProblems)
  return [
    '',
    `Left out, since they cannot be used: ${formatCount(records)}`,
    ...problems
      .slice(0, maxProblems)
      .map(({ place, reason }) => wrap(`${place}: ${reason}`, width, '  - ')),
    ...(rest > 0 ? [`  … and ${formatCount(rest)} more`] : []),
  ]
}

function noteLines({ notes = [] }: DatasetManifest, width: number): string[] {
  if (notes.length === 0) return []
  return ['', 'Notes:', ...notes.map(({ message }) => wrap(message, width, '  - '))]
}

/** The command that follows for someone who has just made the data set. */
export function nextCommand(dataset: DatasetManifest): string {
  const begin = `trainyard submit --dataset ${dataset.name}`
  if (dataset.kind === 'images') return `${begin} --model resnet -w`
  const { target } = dataset
  return `${begin} --model boosting${target === null ? ' --set training.target=COLUMN' : ''} -w`
}
