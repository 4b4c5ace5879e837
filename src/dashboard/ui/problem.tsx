import { ProblemError } from '../../client/client.js'
import { Button } from './button.js'
import { Icon } from './icon.js'
import { messageOf } from './message.js'

/** Shows an error in place of what could not be loaded, with what each field of a request lacks. */
export function ProblemNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof ProblemError ? error.problem : null
  return (
    <div class="problem" role="alert">
      <Icon name="alert" />
      <div>
        <p>{messageOf(error)}</p>
        {problem?.errors && problem.errors.length > 1 && (
          <ul>
            {problem.errors.map(each => (
              <li key={`${each.path} ${each.message}`}>
                <code>{each.path}</code> {each.message}
              </li>
            ))}
          </ul>
        )}
        {problem && <p class="faint">{problem.code}</p>}
      </div>
      {onRetry && (
        <Button icon="refresh" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}
