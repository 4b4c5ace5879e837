import type { JobStatus } from '../../spec/job.js'
import { Badge } from './parts.js'

const tones = {
  queued: 'neutral',
  running: 'busy',
  paused: 'warning',
  succeeded: 'good',
  failed: 'danger',
  cancelled: 'neutral',
} as const satisfies Record<JobStatus, string>

interface StatusProps {
  status: JobStatus
  requested?: 'pause' | 'cancel' | null
}

/** The state of a job, and what it was asked to do and has not done yet. */
export const Status = ({ status, requested }: StatusProps) => (
  <Badge tone={tones[status]}>
    {requested ? { pause: 'pausing', cancel: 'cancelling' }[requested] : status}
  </Badge>
)
