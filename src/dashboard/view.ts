import type { ComponentType } from 'preact'

export interface ViewProps {
  /** What stands in the path for `:name`, decoded. */
  params: Readonly<Record<string, string>>
  query: URLSearchParams
}

export type View = ComponentType<ViewProps>
