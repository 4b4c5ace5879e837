import { formatCount, missing } from '../../presentation/units.js'
import type { BoostingModel, ModelView, NetworkModel } from '../../spec/model.js'
import type { Output } from '../output.js'
import { countOf, formatMetric, formatPercent, formatTime } from '../terminal/format.js'
import { printable } from '../terminal/printable.js'
import { type Column, table } from '../terminal/table.js'
import { wrap } from '../terminal/wrap.js'
import { isTrees } from './model-words.js'

const maxRows = 20

/** The card of a version: where it is from, how good it is, what it takes, and what it is for. */
export function describeModel(model: ModelView, output: Output): string {
  const { width } = output
  const bold = (text: string) => output.style('bold', text)
  const facts = [...originFacts(model), ...inputFacts(model), ...purposeFacts(model)]
  return [
    `${bold(printable(model.id))} version ${model.version}`,
    ...facts.map(([name, value]) => wrap(value, width, `  ${name.padEnd(11)}`)),
    '',
    table(metricRows(model), metricColumns, width, bold),
    ...(model.evaluation ? ['', classTable(model, width, bold)] : []),
    ...(isTrees(model) ? ['', importanceTable(model, width, bold)] : []),
    ...precisionLines(model, width),
  ].join('\n')
}

type Fact = [string, string]

function originFacts(model: ModelView): Fact[] {
  const { kind, ...options } = model.model
  const settings = Object.entries(options)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${name} ${value}`)
  const step = isTrees(model) ? `round ${model.step}` : `step ${formatCount(model.step)}`
  return [
    ['model', [kind, ...settings].join(', ')],
    ['data set', `${model.dataset.name} (${model.dataset.id})`],
    ['job', `${model.jobId}, ${step}, ${formatTime(model.createdAt)}`],
  ]
}

function inputFacts(model: ModelView): Fact[] {
  if (isTrees(model)) {
    const names = model.input.columns.map(({ name }) => name)
    return [
      ['takes', `rows with ${countOf(names.length, 'column')}: ${listText(names)}`],
      ['predicts', model.target],
    ]
  }
  const { height, width, channels, resize } = model.input
  const how = resize ? `others are resized (${resize.mode})` : 'others are stretched'
  const colours = channels === 1 ? 'grey' : 'colour'
  return [
    ['takes', `images of ${height} x ${width} pixels, ${colours}; ${how}`],
    ['predicts', `${countOf(model.labels.length, 'class', 'classes')}: ${listText(model.labels)}`],
  ]
}

const listText = (names: readonly string[]) =>
  names.length > maxRows ? `${names.slice(0, maxRows).join(', ')}, …` : names.join(', ')

function purposeFacts({ aliases, versions, stage, note, tags, serving }: ModelView): Fact[] {
  const pairs = Object.entries(tags).map(([name, value]) => `${name}=${value}`)
  const facts: [string, string | null][] = [
    ['aliases', aliases.join(', ')],
    ['versions', versions.join(', ')],
    ['stage', stage],
    ['tags', pairs.join(', ')],
    ['note', note],
    [
      'served by',
      serving ? `${serving.runtime} in ${serving.precision} (${serving.reason})` : null,
    ],
  ]
  return facts.filter((fact): fact is Fact => fact[1] !== null && fact[1] !== '')
}

interface MetricRow {
  name: string
  value: string
}
const metricColumns: readonly Column<MetricRow>[] = [
  { title: 'METRIC', value: ({ name }) => name },
  { title: 'VALUE', value: ({ value }) => value, align: 'right' },
]
const metricRows = ({ metrics }: ModelView): MetricRow[] =>
  Object.entries(metrics).map(([name, value]) => ({ name, value: formatMetric(value) }))

type ClassRow = NonNullable<ModelView['evaluation']>['perClass'][number]
const share = (value: number | null) => (value === null ? missing : formatPercent(value))
const classColumns: readonly Column<ClassRow>[] = [
  { title: 'CLASS', value: ({ label }) => label },
  { title: 'RECORDS', value: ({ records }) => formatCount(records), align: 'right' },
  { title: 'RECALL', value: ({ recall }) => share(recall), align: 'right' },
  { title: 'PRECISION', value: ({ precision }) => share(precision), align: 'right' },
]

const more = (count: number) =>
  count > maxRows ? `\n… and ${formatCount(count - maxRows)} more (--json has all)` : ''

function classTable({ evaluation }: ModelView, width: number, bold: (text: string) => string) {
  const { perClass } = evaluation!
  return table(perClass.slice(0, maxRows), classColumns, width, bold) + more(perClass.length)
}

type Importance = BoostingModel['featureImportance'][number]
const importanceColumns: readonly Column<Importance>[] = [
  { title: 'COLUMN', value: ({ column }) => column },
  { title: 'GAIN', value: ({ gain }) => formatMetric(gain), align: 'right' },
  { title: 'SPLITS', value: ({ weight }) => formatCount(weight), align: 'right', rank: 1 },
]

const importanceTable = (
  { featureImportance: all }: BoostingModel,
  width: number,
  bold: (text: string) => string,
) => table(all.slice(0, maxRows), importanceColumns, width, bold) + more(all.length)

function precisionLines(model: ModelView, width: number): string[] {
  if (isTrees(model) || !model.precision) return []
  const { requested, served, accuracies, measured, notes } = model.precision
  const asked = requested === served ? '' : ` (asked for: ${requested})`
  const on = measured
    ? `, on ${countOf(measured.images, 'image')} of the ${measured.part} data`
    : ''
  return [
    '',
    `served in ${served}${asked}`,
    ...accuracies.map(each => wrap(`${accuracyText(each)}${on}`, width, '  ')),
    ...notes.map(({ message }) => wrap(message, width, '  - ')),
  ]
}

type Accuracy = NonNullable<NetworkModel['precision']>['accuracies'][number]

const accuracyText = ({ precision, accuracy, accuracyLoss }: Accuracy) =>
  precision === 'fp32'
    ? `fp32: accuracy ${formatMetric(accuracy)}`
    : `${precision}: accuracy ${formatMetric(accuracy)}, ${formatMetric(accuracyLoss)} less than fp32`
