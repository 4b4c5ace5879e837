import { formatCount } from '../../../presentation/units.js'
import type { DatasetManifest, ImagesManifest, TableManifest } from '../../../spec/dataset.js'
import { Code } from '../../ui/code.js'
import { formatBytes, formatMetric } from '../../ui/format.js'
import { Card, type Fact, Facts } from '../../ui/parts.js'
import { Age } from '../../ui/time.js'
import { bytesOf, channelNames, datasetUrl } from '../dataset-facts.js'
import { NoteListing, SkippedListing } from '../notes.js'
import { Bars } from './bars.js'
import { Duplicates } from './duplicates.js'

export function Overview({ of }: { of: DatasetManifest }) {
  return (
    <div class="stack">
      <NoteListing notes={of.notes} />
      <SkippedListing skipped={of.skipped} />
      <Card>
        <Facts
          facts={[...commonFacts(of), ...(of.kind === 'images' ? imageFacts(of) : tableFacts(of))]}
        />
      </Card>
      {of.kind === 'images' ? <ImageCards of={of} /> : <TableCards of={of} />}
      {of.splits && (
        <Card title="Splits">
          <Bars
            label="Records of each split"
            bars={of.splits.map(({ name, records }) => ({
              label: name,
              count: records,
              href: datasetUrl(of.id, {
                tab: of.kind === 'images' ? 'images' : 'rows',
                split: name,
              }),
            }))}
          />
        </Card>
      )}
      {of.derivedFrom && (
        <Card title="Derived">
          <p>
            From <a href={datasetUrl(of.derivedFrom.dataset)}>{of.derivedFrom.dataset}</a> by these
            steps:
          </p>
          <Code label="the steps" text={JSON.stringify(of.derivedFrom.steps, null, 2)} />
        </Card>
      )}
    </div>
  )
}

const commonFacts = (of: DatasetManifest): Fact[] => [
  [of.kind === 'images' ? 'Images' : 'Rows', formatCount(of.records)],
  ['Size', formatBytes(bytesOf(of))],
  ['Created', <Age key="created" time={of.createdAt} />],
]

const imageFacts = (of: ImagesManifest): Fact[] => [
  ['Height × width', `${of.height} × ${of.width}`],
  ['Channels', `${of.channels} (${channelNames[of.channels]})`],
  ['Classes', formatCount(of.labels.length)],
  ['Stored as', of.encoding === 'raw' ? 'pixels' : 'PNG and JPEG'],
  ['Resized', of.resize && `${of.resize.height} × ${of.resize.width}, ${of.resize.mode}`],
  ['Mean of channels', of.mean.map(each => formatMetric(Number(each.toFixed(2)))).join(', ')],
  ['Deviation of channels', of.std.map(each => formatMetric(Number(each.toFixed(2)))).join(', ')],
  [
    'Formats',
    of.formats &&
      Object.entries(of.formats)
        .map(([format, count]) => `${formatCount(count)} ${format}`)
        .join(', '),
  ],
]

const tableFacts = (of: TableManifest): Fact[] => [
  ['Columns', formatCount(of.columns.length)],
  ['Target', of.target ?? 'none: each job names it'],
  ['Missing values', formatCount(of.columns.reduce((sum, { missing }) => sum + missing, 0))],
  [
    'Decimal sign',
    of.cellFormat && of.cellFormat.decimal !== '.' ? of.cellFormat.decimal : undefined,
  ],
  ['Predicted by', of.predictedBy && `${of.predictedBy.model} version ${of.predictedBy.version}`],
]

function ImageCards({ of }: { of: ImagesManifest }) {
  const { sizes, duplicates } = of
  return (
    <div class="grid">
      <Card title="Balance of classes">
        <Bars
          label="Images of each class"
          total={of.records}
          bars={of.labels.map((label, i) => ({
            label,
            count: of.classCounts[i]!,
            href: datasetUrl(of.id, { tab: 'images', class: label }),
          }))}
        />
      </Card>
      {sizes && (
        <Card title="Sizes as uploaded">
          <Facts
            facts={[
              ['Different sizes', formatCount(sizes.different)],
              ['Heights', extent(sizes.height)],
              ['Widths', extent(sizes.width)],
            ]}
          />
          <Bars
            label="The most common sizes"
            total={of.records}
            bars={sizes.common.map(({ height, width, images }) => ({
              label: `${height} × ${width}`,
              count: images,
            }))}
          />
          {sizes.different > sizes.common.length && (
            <p class="soft">The {sizes.common.length} most common ones.</p>
          )}
        </Card>
      )}
      {duplicates && <Duplicates of={duplicates} />}
    </div>
  )
}

const extent = ({ min, median, max }: { min: number; median: number; max: number }) =>
  min === max ? String(min) : `${min} to ${max}, median ${median}`

function TableCards({ of }: { of: TableManifest }) {
  const target = of.columns.find(({ name }) => name === of.target)
  if (target?.type !== 'category') return null
  return (
    <Card title={`Balance of the target ${target.name}`}>
      <Bars
        label="Rows of each category"
        total={of.records}
        bars={target.categories.map((label, i) => ({ label, count: target.counts[i]! }))}
      />
    </Card>
  )
}
