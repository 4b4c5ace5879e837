import type { ComponentChildren } from 'preact'
import type { Resource } from '../server/resource.js'
import { ProblemNote } from './problem.js'

interface LoadedProps<T> {
  of: Resource<T>
  /** What is being loaded, for screen readers. */
  label: string
  children: (data: T) => ComponentChildren
}

/** Shows a resource once it is there, and what went wrong, above what was shown before. */
export function Loaded<T>({ of, label, children }: LoadedProps<T>) {
  return (
    <>
      {of.error !== undefined && <ProblemNote error={of.error} onRetry={of.reload} />}
      {of.data === undefined
        ? of.error === undefined && <Loading label={label} />
        : children(of.data)}
    </>
  )
}

export const Loading = ({ label }: { label: string }) => (
  <div class="loading" role="status">
    <span class="spinner" />
    <span>Loading {label} …</span>
  </div>
)
