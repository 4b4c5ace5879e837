import type { JobChangeType } from '../../spec/changes.js'
import type { Failure, ModelRef } from '../../spec/job.js'
import type { Lifecycle } from '../record/lifecycle.js'
import { publicStatus, requestedAction } from '../record/states.js'

/** More transitions than this since the index was last up to date are left out. */
const maxTransitions = 20
/** A job's record has the whole message. */
const maxMessageChars = 500

/** What a script may append to the log of changes, as JSON: the latest transitions of a job, or another change of it. */
export function changesOf(id: string, { state, attempt, transitions, result }: Lifecycle): string {
  if (state === 'removed') throw new Error('a removed job has no status')
  const latest = transitions.slice(-maxTransitions).map((transition, i, { length }) => {
    const isLast = i === length - 1
    const { status, failure } = transition
    return toChange(`job.${status}`, transition.at, {
      id,
      status,
      attempt: transition.attempt,
      requested: isLast ? requestedAction(state) : null,
      failure: failure ? shorten(failure) : null,
      model: isLast ? publishedModel(result) : null,
      ...(isLast && result?.dataset && { dataset: result.dataset }),
    })
  })
  const other = toChange('job.changed', new Date().toISOString(), {
    id,
    status: publicStatus[state],
    attempt,
    requested: requestedAction(state),
    failure: null,
    model: null,
  })
  return JSON.stringify({ transitions: latest, other })
}

/** A job that predicts has a model, too, but has not published it. */
export const publishedModel = (result: Lifecycle['result']): ModelRef | null =>
  result?.dataset ? null : (result?.model ?? null)

const toChange = (type: JobChangeType, at: string, data: object) => ({
  type,
  at,
  data: JSON.stringify(data),
})

const shorten = ({ code, message }: Failure): Failure => ({
  code,
  message: message.length > maxMessageChars ? `${message.slice(0, maxMessageChars)}…` : message,
})
