import type { Failure } from '../../spec/job.js'
import { Icon } from '../ui/icon.js'

/** Why a job failed. */
export const FailureNote = ({ failure }: { failure: Failure }) => (
  <div class="problem" role="alert">
    <Icon name="alert" />
    <div>
      <p>
        <strong>It failed: </strong>
        {failure.message}
      </p>
      <p class="faint">{failure.code}</p>
    </div>
  </div>
)
