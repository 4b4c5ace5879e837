import type { AliasChange, AliasChangeKind } from './model-alias.js'
import type { ModelEvent } from './webhook.js'

/** How events call the changes of an alias. */
export const eventOfChange: Readonly<Record<AliasChangeKind, ModelEvent>> = {
  moved: 'model.aliasMoved',
  promoted: 'model.promoted',
  rolledBack: 'model.rolledBack',
  deleted: 'model.aliasDeleted',
}

/** One change of the aliases of a model. */
export interface ModelAliasEvent {
  /** Grows with time, beginning at 1. Changes that were made at once have the same number. */
  n: number
  event: ModelEvent
  at: string
  data: AliasChange & { model: string }
}

/** Read access to the changes of all aliases, for parts that must not import `models`. */
export interface ModelFeed {
  /** The models whose aliases were ever changed. */
  names(): Promise<string[]>
  /** The changes after number `n`, oldest first; of many, the last ones. */
  changesAfter(name: string, n: number): Promise<ModelAliasEvent[]>
  /** The number of the last change, 0 if there is none. */
  newest(name: string): Promise<number>
  /** Calls `listener` after this process has changed aliases of a model. Returns a function that unsubscribes. */
  onChange(listener: (name: string) => void): () => void
}
