import type { ComponentType } from 'preact'
import { useState } from 'preact/hooks'
import { ProblemError } from '../../client/client.js'
import type { Job } from '../../spec/job.js'
import { pathTo, placeUrl } from '../place.js'
import { Button } from '../ui/button.js'
import { Loaded } from '../ui/load.js'
import { Empty, Page } from '../ui/parts.js'
import { Status } from '../ui/status.js'
import { Tabs } from '../ui/tabs.js'
import type { ViewProps } from '../view.js'
import { CheckpointsTab } from './checkpoints-tab.js'
import { ConfigTab } from './config-tab.js'
import { EditJob } from './edit-job.js'
import { EvaluationTab } from './evaluation/evaluation-tab.js'
import { JobActions } from './job-actions.js'
import { JobHead } from './job-head.js'
import { LogsTab } from './logs/logs-tab.js'
import { MetricsTab } from './metrics/metrics-tab.js'
import { OverviewTab } from './overview-tab.js'
import { StarButton } from './star-button.js'
import { SystemTab } from './system-tab.js'
import { type JobTabProps, useJob } from './use-job.js'

interface JobTab {
  name: string
  title: string
  Content: ComponentType<JobTabProps>
  /** Whether a job that predicts has it. */
  ofPredictions?: boolean
}

const jobTabs: readonly JobTab[] = [
  { name: 'overview', title: 'Overview', Content: OverviewTab, ofPredictions: true },
  { name: 'metrics', title: 'Metrics', Content: MetricsTab },
  { name: 'logs', title: 'Log', Content: LogsTab, ofPredictions: true },
  { name: 'config', title: 'Configuration', Content: ConfigTab, ofPredictions: true },
  { name: 'evaluation', title: 'Evaluation', Content: EvaluationTab },
  { name: 'system', title: 'System', Content: SystemTab, ofPredictions: true },
  { name: 'checkpoints', title: 'Checkpoints', Content: CheckpointsTab, ofPredictions: true },
]

export default function JobView({ params, query }: ViewProps) {
  const id = params.id!
  const resource = useJob(id)
  const [isEditing, setEditing] = useState(false)
  const { data: job, error } = resource
  if (error instanceof ProblemError && error.problem.status === 404) {
    return (
      <Page title={job?.name ?? id} back={{ href: '#/jobs', label: 'All jobs' }}>
        <Empty icon="jobs" title={job ? 'This job was deleted' : `There is no job ${id}`}>
          <p>{job ? 'Its models and data sets are kept.' : 'It may have been deleted.'}</p>
          <a href="#/jobs">Go to the jobs</a>
        </Empty>
      </Page>
    )
  }
  const onChange = (changed: Job) => resource.update(() => changed)
  const tabs = jobTabs.filter(tab => !job?.predict || tab.ofPredictions)
  const tab = tabs.find(({ name }) => name === query.get('tab')) ?? tabs[0]!
  return (
    <Page
      title={job?.name ?? id}
      back={{ href: '#/jobs', label: 'All jobs' }}
      beside={
        job && (
          <>
            <StarButton job={job} onChange={onChange} />
            <Button
              kind="quiet"
              icon="edit"
              label="Edit name and labels"
              onClick={() => setEditing(true)}
            />
            <Status status={job.status} requested={job.requested} />
          </>
        )
      }
      actions={job && <JobActions job={job} onChange={onChange} onEdit={() => setEditing(true)} />}
    >
      <Loaded of={resource} label="the job">
        {shown => (
          <>
            <JobHead job={shown} />
            <Tabs
              label="Parts of the job"
              current={tab.name}
              tabs={tabs.map(({ name, title }) => ({
                name,
                title,
                href: placeUrl(pathTo('jobs', id), { tab: name === 'overview' ? null : name }),
              }))}
            />
            <tab.Content key={tab.name} job={shown} />
            {isEditing && (
              <EditJob job={shown} onChange={onChange} onClose={() => setEditing(false)} />
            )}
          </>
        )}
      </Loaded>
    </Page>
  )
}
