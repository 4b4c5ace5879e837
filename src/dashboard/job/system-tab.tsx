import { useEffect, useMemo } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import type { Job } from '../../spec/job.js'
import type { JobResources } from '../../spec/job-resources.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { formatBytes, formatDuration, formatMetric, formatPercent } from '../ui/format.js'
import { LineChart, type Mark, type Series } from '../ui/line-chart.js'
import { Loaded } from '../ui/load.js'
import { Card, Empty, Facts } from '../ui/parts.js'
import { hasEnded, type JobTabProps } from './use-job.js'

const refreshMs = 5000

type Columns = JobResources['columns']
type Column = Exclude<keyof Columns, 'time' | 'seconds' | 'attempt' | 'step'>

interface ResourceChart {
  title: string
  columns: readonly (readonly [name: Column, label: string])[]
  format: (value: number) => string
}

const charts: readonly ResourceChart[] = [
  {
    title: 'Processor cores',
    columns: [['cpuCores', 'Cores in use']],
    format: formatMetric,
  },
  { title: 'Memory', columns: [['residentBytes', 'Measured']], format: formatBytes },
  {
    title: 'GPU',
    columns: [['gpuUtilization', 'Time in which it computed']],
    format: value => formatPercent(value, 0),
  },
  { title: 'GPU memory', columns: [['gpuMemoryBytes', 'In use']], format: formatBytes },
  {
    title: 'Images or rows per second',
    columns: [['examplesPerSecond', 'Per second']],
    format: formatMetric,
  },
  {
    title: 'Disk',
    columns: [
      ['readBytesPerSecond', 'Read'],
      ['writeBytesPerSecond', 'Written'],
    ],
    format: value => `${formatBytes(value)}/s`,
  },
]

/** What the trainer of a job used of its machine. */
export function SystemTab({ job }: JobTabProps) {
  const resources = useResource(
    () => client.jobs.resources(job.id),
    [job.id, job.attempt, job.status],
  )
  const { reload } = resources
  const isRunning = job.status === 'running'
  useEffect(() => {
    if (!isRunning) return
    const timer = setInterval(() => !document.hidden && reload(), refreshMs)
    return () => clearInterval(timer)
  }, [isRunning, reload])
  return (
    <div class="stack">
      <MemoryFacts job={job} columns={resources.data?.columns} />
      <Loaded of={resources} label="what the job uses">
        {({ columns, measurements, damagedLines }) =>
          columns.time.length === 0 ? (
            <Card>
              <Empty icon="server" title="Nothing is measured yet">
                <p>
                  {hasEnded(job)
                    ? 'The job ended before it was measured, or ran on an older version.'
                    : 'The worker measures the job every second once it runs.'}
                </p>
              </Empty>
            </Card>
          ) : (
            <>
              <ResourceCharts job={job} columns={columns} />
              <p class="soft">
                {formatCount(measurements)} measurements
                {measurements > columns.time.length &&
                  `, merged to ${formatCount(columns.time.length)} points: means, but the largest memory`}
                .{damagedLines > 0 && ` ${formatCount(damagedLines)} damaged lines are left out.`}
              </p>
            </>
          )
        }
      </Loaded>
    </div>
  )
}

function MemoryFacts({ job: { memory }, columns }: { job: Job; columns: Columns | undefined }) {
  const measured = (columns?.residentBytes ?? []).filter(value => value !== null)
  const largest = measured.reduce((most, value) => Math.max(most, value), 0)
  if (!memory && largest === 0) return null
  return (
    <Card title="Memory of the trainer">
      <Facts
        facts={[
          ['Estimated', memory && formatBytes(memory.totalBytes)],
          ['Measured, at most', largest > 0 && formatBytes(largest)],
          ['Of the estimate: program and library', memory && formatBytes(memory.engineBytes)],
          ['Weights, optimizer, records', memory && formatBytes(memory.stateBytes)],
          ['A step', memory && formatBytes(memory.stepBytes)],
        ]}
      />
    </Card>
  )
}

function ResourceCharts({ job, columns }: { job: Job; columns: Columns }) {
  const x = useMemo(() => {
    const times = columns.time.map(time => Date.parse(time) / 1000)
    return times.map(time => time - times[0]!)
  }, [columns])
  const marks = useMemo(() => attemptMarks(x, columns.attempt), [x, columns])
  const shown = charts.filter(chart =>
    chart.columns.some(([name]) => columns[name].some(value => value !== null)),
  )
  return (
    <div class="grid charts">
      {shown.map(({ title, columns: names, format }) => (
        <Card key={title}>
          <LineChart
            title={title}
            series={seriesOf(x, names, columns, title === 'Memory' ? job.memory : null)}
            marks={marks}
            formatX={formatDuration}
            formatY={format}
            syncKey="system"
          />
        </Card>
      ))}
    </div>
  )
}

function seriesOf(
  x: readonly number[],
  names: ResourceChart['columns'],
  columns: Columns,
  memory: Job['memory'],
): Series[] {
  const measured = names.map(([name, label]) => ({ key: name, label, x, y: columns[name] }))
  if (!memory) return measured
  const estimate = x.map(() => memory.totalBytes)
  return [...measured, { key: 'estimate', label: 'Estimated', isDashed: true, x, y: estimate }]
}

/** Where an attempt begins, except the first. */
const attemptMarks = (x: readonly number[], attempts: readonly number[]): Mark[] =>
  x.flatMap((at, i) =>
    i > 0 && attempts[i] !== attempts[i - 1] ? [{ x: at, label: `attempt ${attempts[i]}` }] : [],
  )
