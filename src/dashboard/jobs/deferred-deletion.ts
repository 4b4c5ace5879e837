import { signal } from '@preact/signals'
import { formatCount } from '../../presentation/units.js'
import { client } from '../server/session.js'
import { reportError, showToast } from '../ui/toast.js'

/** Jobs of one request. */
const mostJobs = 1000

/** How long a deletion can be undone. */
const undoSeconds = 8

/** Jobs that lists do not show any more: they are deleted, or will be once nobody can undo it. */
export const deletedJobs = signal<ReadonlySet<string>>(new Set())

const waiting = new Set<readonly string[]>()

addEventListener('pagehide', () => {
  for (const ids of waiting) void flush(ids, { isClosing: true })
})

/** Deletes jobs after some seconds in which it can be undone; at once if the page is closed. */
export function deleteJobs(ids: readonly string[]): void {
  waiting.add(ids)
  hide(ids)
  const text = ids.length === 1 ? 'Job deleted' : `${formatCount(ids.length)} jobs deleted`
  showToast(text, {
    seconds: undoSeconds,
    action: {
      label: 'Undo',
      run: () => {
        waiting.delete(ids)
        show(ids)
      },
    },
    onEnd: () => void flush(ids),
  })
}

/** Deletes jobs at once, for good. */
export async function deleteNow(ids: readonly string[]): Promise<void> {
  waiting.add(ids)
  hide(ids)
  await flush(ids)
}

function hide(ids: readonly string[]) {
  deletedJobs.value = new Set([...deletedJobs.value, ...ids])
}

function show(ids: readonly string[]) {
  const left = new Set(deletedJobs.value)
  for (const id of ids) left.delete(id)
  deletedJobs.value = left
}

async function flush(ids: readonly string[], { isClosing = false } = {}): Promise<void> {
  if (!waiting.delete(ids)) return
  for (let from = 0; from < ids.length; from += mostJobs) {
    const part = ids.slice(from, from + mostJobs)
    try {
      const { items } = await client.jobs.actOnMany(
        { action: 'delete', ids: part },
        { keepalive: isClosing },
      )
      // what others deleted meanwhile is gone too
      const failed = items.filter(({ problem }) => problem && problem.status !== 404)
      show(failed.map(({ id }) => id))
      const [first] = failed
      if (first) {
        reportError(
          new Error(
            `${failed.length} of ${part.length} jobs were not deleted: ${first.problem!.detail}`,
          ),
        )
      }
    } catch (error) {
      show(part)
      reportError(error)
    }
  }
}
