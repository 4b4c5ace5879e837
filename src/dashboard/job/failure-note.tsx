import type { ExplainedFailure } from '../../spec/job.js'
import { Icon } from '../ui/icon.js'

/** Why a job failed, and what helps. */
export const FailureNote = ({ failure }: { failure: ExplainedFailure }) => (
  <div class="problem" role="alert">
    <Icon name="alert" />
    <div>
      <p>
        <strong>It failed: </strong>
        {failure.message}
      </p>
      {/* a server that is older than this page does not say */}
      {failure.help && <p>{failure.help}</p>}
      <p class="faint">{failure.code}</p>
    </div>
  </div>
)
