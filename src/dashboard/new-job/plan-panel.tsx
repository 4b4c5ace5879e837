import { formatCount } from '../../presentation/units.js'
import type { JobPlan } from '../../spec/job-queries.js'
import { formatBytes, formatDuration } from '../ui/format.js'
import { Card, Facts } from '../ui/parts.js'
import { ProblemNote } from '../ui/problem.js'
import type { DryRun } from './use-dry-run.js'

/** What the server says of the request: what is wrong, or what the job would be. */
export const PlanPanel = ({ dryRun }: { dryRun: DryRun }) => (
  <Card title="Check">
    <p class="soft" role="status">
      {dryRun.isChecking ? 'Checking …' : dryRun.isValid ? 'This job can be submitted.' : ''}
    </p>
    {dryRun.failure !== null && !dryRun.isChecking && <ProblemNote error={dryRun.failure} />}
    {dryRun.plan && (dryRun.isValid || dryRun.isChecking) && <PlanFacts plan={dryRun.plan} />}
  </Card>
)

function PlanFacts({ plan }: { plan: JobPlan }) {
  const { memory, timeEstimate } = plan
  return (
    <>
      <Facts
        facts={[
          ['Name', plan.name],
          ['Parameters', plan.parameters !== null && formatCount(plan.parameters)],
          [plan.predict ? 'Records' : 'Steps', formatCount(plan.steps)],
          ['Steps an epoch', plan.stepsPerEpoch !== null && formatCount(plan.stepsPerEpoch)],
          [
            'Memory',
            <span
              key="memory"
              title={`engine ${formatBytes(memory.engineBytes)}, state ${formatBytes(memory.stateBytes)}, step ${formatBytes(memory.stepBytes)}`}
            >
              about {formatBytes(memory.totalBytes)}
            </span>,
          ],
          [
            'Time',
            timeEstimate.seconds === null
              ? 'not known yet'
              : `about ${formatDuration(timeEstimate.seconds)}`,
          ],
        ]}
      />
      <p class="faint">Time: {timeEstimate.basis}</p>
      {plan.notes.length > 0 && (
        <ul class="notes">
          {plan.notes.map(note => (
            <li key={note.code + note.message}>{note.message}</li>
          ))}
        </ul>
      )}
    </>
  )
}
