import { useMemo } from 'preact/hooks'
import type { ModelView } from '../../spec/model.js'
import type { ModelAliases } from '../../spec/model-alias.js'
import { useChanges } from '../server/changes.js'
import { type Resource, throttled, useResource } from '../server/resource.js'
import { client } from '../server/session.js'

/** Which version the address names: by its number or an alias, or else the one that the bare name serves. */
export type Choice = { version: string } | { alias: string } | Record<string, never>

/** What each tab of a model receives. */
export interface ModelTabProps {
  /** The version that is shown. */
  model: ModelView
  aliases: ModelAliases['items']
  query: URLSearchParams
  /** Reads the model and its aliases again, after a change. */
  reload: () => void
}

export interface ShownModel {
  model: ModelView
  aliases: ModelAliases['items']
}

export function choiceOf(query: URLSearchParams): Choice {
  const version = query.get('version')
  if (version) return { version }
  const alias = query.get('alias')
  return alias ? { alias } : {}
}

/** A version of a model and the aliases of all versions, up to date while they are shown. */
export function useModel(id: string, choice: Choice): Resource<ShownModel> {
  const shown = useResource(async () => {
    const [model, { items }] = await Promise.all([
      client.models.get(id, choice),
      client.aliases.list(id),
    ])
    return { model, aliases: items }
  }, [id, JSON.stringify(choice)])
  const { reload } = shown
  const reloadSoon = useMemo(() => throttled(reload, 500), [reload])
  useChanges(
    ['model'],
    ({ data }) => {
      const changed = 'model' in data && typeof data.model === 'string' ? data.model : null
      if (changed === id || ('id' in data && data.id === id)) reloadSoon()
    },
    reloadSoon,
  )
  return shown
}
