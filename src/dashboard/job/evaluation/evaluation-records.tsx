import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ProblemError } from '../../../client/client.js'
import { formatCount } from '../../../presentation/units.js'
import type { ClassRecord } from '../../../spec/evaluation-records.js'
import type { Job } from '../../../spec/job.js'
import { useResource } from '../../server/resource.js'
import { client } from '../../server/session.js'
import { Button } from '../../ui/button.js'
import { formatMetric, formatPercent } from '../../ui/format.js'
import { Loaded } from '../../ui/load.js'
import { TableScroll } from '../../ui/parts.js'
import { fileUrl } from '../job-files.js'

/** Records that are shown at once. A table is read row by row. */
const pageSize = { classes: 24, rows: 8 }

interface RecordsProps {
  job: Job
  /** The class that the records belong to, and the one that is predicted. */
  label: string
  predicted: string
}

/** The validation records behind a cell of the confusion matrix, the worst first. */
export function ClassRecords({ job, label, predicted }: RecordsProps) {
  const isTable = job.model.kind === 'boosting'
  const size = isTable ? pageSize.rows : pageSize.classes
  const [limit, setLimit] = useState(size)
  useEffect(() => setLimit(size), [label, predicted])
  const records = useResource(
    () => client.jobs.evaluationRecords(job.id, { label, predicted, limit: String(limit) }),
    [job.id, label, predicted, limit],
  )
  const missing = missingText(records.error)
  if (missing !== null) return <p class="soft">{missing}</p>
  return (
    <Loaded of={records} label="the records">
      {({ items, total, dataset, leftOut }) => (
        <div class="stack">
          {isTable ? (
            <Rows dataset={dataset} items={items as ClassRecord[]} />
          ) : (
            <Images dataset={dataset} items={items as ClassRecord[]} />
          )}
          <p class="row">
            <span class="soft">
              {formatCount(items.length)} of {formatCount(total)},{' '}
              {label === predicted ? 'the least sure first' : 'the surest mistakes first'}
              {leftOut > 0 && `; ${formatCount(leftOut)} records of the evaluation were not kept`}
            </span>
            {items.length < total && items.length < 1000 && (
              <Button onClick={() => setLimit(Math.min(limit + size, 1000))}>Show more</Button>
            )}
          </p>
        </div>
      )}
    </Loaded>
  )
}

/** Why there are no records, in the words of the server; null for other errors. */
export const missingText = (error: unknown): string | null =>
  error instanceof ProblemError && error.problem.status === 404
    ? (error.problem.detail ?? error.problem.title)
    : null

const Images = ({ dataset, items }: { dataset: string; items: readonly ClassRecord[] }) => (
  <ul class="record-images">
    {items.map(record => {
      const text = `record ${record.index}: ${record.label}, predicted ${predictionText(record)}`
      return (
        <li key={record.index}>
          <a href={imageUrl(dataset, record.index)} target="_blank" rel="noreferrer" title={text}>
            <img src={imageUrl(dataset, record.index)} alt={text} loading="lazy" />
          </a>
          <span class="soft">{formatPercent(record.probability)}</span>
        </li>
      )
    })}
  </ul>
)

const imageUrl = (dataset: string, index: number) =>
  fileUrl({ format: 'png' }, 'datasets', dataset, 'images', index)

const predictionText = ({ predicted, probability, label, labelProbability }: ClassRecord) =>
  `${predicted} with ${formatPercent(probability)}${
    label === predicted ? '' : `, ${label} with ${formatPercent(labelProbability)}`
  }`

const Rows = ({ dataset, items }: { dataset: string; items: readonly ClassRecord[] }) => (
  <RecordRows
    dataset={dataset}
    indices={items.map(({ index }) => index)}
    titles={['Predicted', 'Probability', 'Of the true class']}
    valuesOf={i => {
      const { predicted, probability, labelProbability } = items[i]!
      return [predicted, formatPercent(probability), formatPercent(labelProbability)]
    }}
  />
)

interface RecordRowsProps {
  dataset: string
  indices: readonly number[]
  /** What is known of each row beside its own values. */
  titles: readonly string[]
  valuesOf: (at: number) => readonly ComponentChildren[]
}

/** Rows of a data set with what was predicted for them. */
export function RecordRows({ dataset, indices, titles, valuesOf }: RecordRowsProps) {
  const rows = useResource(
    () =>
      Promise.all(
        indices.map(async index => {
          const page = await client.datasets.samples(dataset, { from: String(index), limit: '1' })
          return page.kind === 'table' ? (page.items[0]?.row ?? {}) : {}
        }),
      ),
    [dataset, indices.join()],
  )
  return (
    <Loaded of={rows} label="the rows">
      {values => {
        const columns = Object.keys(values[0] ?? {})
        return (
          <TableScroll label="Records">
            <table class="table">
              <thead>
                <tr>
                  <th scope="col" class="number">
                    Record
                  </th>
                  {[...titles, ...columns].map(title => (
                    <th key={title} scope="col">
                      {title}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {values.map((row, i) => (
                  <tr key={indices[i]}>
                    <th scope="row" class="number">
                      {indices[i]}
                    </th>
                    {valuesOf(i).map((value, at) => (
                      <td key={titles[at]}>{value}</td>
                    ))}
                    {columns.map(column => (
                      <td key={column}>{cellText(row[column])}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
        )
      }}
    </Loaded>
  )
}

const cellText = (value: unknown) =>
  value === null || value === undefined
    ? ''
    : typeof value === 'number'
      ? formatMetric(value as number)
      : String(value)
