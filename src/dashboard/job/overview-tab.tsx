import { formatCount } from '../../presentation/units.js'
import type { Job } from '../../spec/job.js'
import { pathTo, placeUrl } from '../place.js'
import { formatMetric, formatTime } from '../ui/format.js'
import { Card, Empty, type Fact, Facts, TableScroll } from '../ui/parts.js'
import { Status } from '../ui/status.js'
import { Age, Duration } from '../ui/time.js'
import { JobFiles } from './job-files.js'
import { Charts } from './metrics/metrics-tab.js'
import { useMetrics } from './metrics/use-metrics.js'
import { Notes } from './notes.js'
import { type JobTabProps, stepWord } from './use-job.js'

/** What the job is and what came of it. */
export function OverviewTab({ job }: JobTabProps) {
  return (
    <div class="stack">
      {!job.predict && job.attempt > 0 && <FirstCharts job={job} />}
      <Card title="Job" class="job-facts">
        <Facts facts={factsOf(job)} />
      </Card>
      <Notes job={job} />
      <div class="grid">
        {!job.predict && <Values job={job} />}
        <History job={job} />
      </div>
      {job.initialized && job.initFrom && <Initialized job={job} />}
      <JobFiles job={job} />
    </div>
  )
}

/** Of most jobs, loss and accuracy. */
const FirstCharts = ({ job }: { job: Job }) => (
  <Charts job={job} metrics={useMetrics(job)} events={[]} most={2} />
)

function factsOf(job: Job): Fact[] {
  const { dataset, result, predict, createdAt, startedAt, finishedAt, initFrom } = job
  return [
    predict
      ? ['Predicts with', <ModelLink key="m" id={predict.model} version={predict.version} />]
      : ['Model', modelText(job)],
    [
      'Data set',
      <a key="d" href={`#${pathTo('datasets', dataset.id)}`}>
        {dataset.name}
      </a>,
    ],
    ['Records predicted', predict && (predict.split ?? 'all')],
    ['Published', !predict && result && <ModelLink {...result.model} />],
    [
      'Predictions',
      result?.dataset && (
        <a href={`#${pathTo('datasets', result.dataset.id)}`}>{result.dataset.name}</a>
      ),
    ],
    ['Starts from', initFrom && <Source source={initFrom} />],
    ['Submitted', <Age key="c" time={createdAt} />],
    ['Started', startedAt && <Age time={startedAt} />],
    ['Ended', finishedAt && <Age time={finishedAt} />],
    [finishedAt ? 'Took' : 'Runs for', startedAt && <Duration from={startedAt} to={finishedAt} />],
    ['Attempts', job.attempt > 0 && formatCount(job.attempt)],
    ['Priority', job.priority !== 0 && job.priority],
    ['Id', <code key="i">{job.id}</code>],
  ]
}

function modelText({ model }: Job): string {
  const { kind, depth, objective } = model as { kind: string; depth?: number; objective?: string }
  return [kind === 'boosting' ? 'boosted trees' : kind, depth, objective].filter(Boolean).join(' ')
}

const ModelLink = ({ id, version }: { id: string; version: number }) => (
  <a href={placeUrl(pathTo('models', id), { version })}>
    {id} version {version}
  </a>
)

function Source({ source }: { source: NonNullable<Job['initFrom']> }) {
  if ('model' in source) return <ModelLink id={source.model} version={source.version} />
  if ('job' in source) {
    return (
      <a href={placeUrl(pathTo('jobs', source.job), { tab: 'checkpoints' })}>
        {source.job}, step {formatCount(source.step)}
      </a>
    )
  }
  return <code>{source.weights}</code>
}

function Values({ job }: { job: Job }) {
  const names = Object.keys({ ...job.metrics, ...job.best })
  return (
    <Card
      title="Metrics"
      actions={<a href={placeUrl(pathTo('jobs', job.id), { tab: 'metrics' })}>Charts</a>}
    >
      {names.length === 0 ? (
        <Empty icon="chart" title="Nothing is measured yet">
          <p>The first values come after the first steps of the training.</p>
        </Empty>
      ) : (
        <TableScroll label="Metrics">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Metric</th>
                <th scope="col" class="number">
                  {job.status === 'succeeded' ? 'Of the model' : 'Latest'}
                </th>
                <th scope="col" class="number">
                  Best
                </th>
                <th scope="col" class="number">
                  at {stepWord(job)}
                </th>
              </tr>
            </thead>
            <tbody>
              {names.map(name => {
                const best = job.best[name]
                return (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td class="number">{formatMetric(job.metrics[name])}</td>
                    <td class="number">{best ? formatMetric(best.value) : ''}</td>
                    <td class="number soft">{best ? formatCount(best.step) : ''}</td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Card>
  )
}

const History = ({ job }: { job: Job }) => (
  <Card title="History">
    <ol class="history">
      {job.transitions.map(({ status, at, attempt, failure }) => (
        <li key={`${at} ${status}`}>
          <time dateTime={at}>{formatTime(at)}</time>
          <Status status={status} />
          {attempt > 0 && <span class="soft">attempt {attempt}</span>}
          {failure && <span class="soft">{failure.code}</span>}
        </li>
      ))}
    </ol>
  </Card>
)

function Initialized({ job }: { job: Job }) {
  const { matched, skipped, cast = [] } = job.initialized!
  return (
    <Card title="Initial weights">
      <p>
        {formatCount(matched.length)} variables have loaded values
        {cast.length > 0 && `, ${formatCount(cast.length)} of them cast to float32`};{' '}
        {formatCount(skipped.length)} keep their random ones.
      </p>
      {skipped.length > 0 && (
        <details>
          <summary>Not loaded</summary>
          <ul class="notes">
            {skipped.map(({ name, reason }) => (
              <li key={name}>
                <code>{name}</code>: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  )
}
