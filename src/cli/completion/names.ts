import type { Client } from '../../client/client.js'
import type { Candidate, NamedKind } from './complete.js'

const limit = 100
/** Someone waits for the shell. */
const timeoutMs = 2000

/** The names of what the server has of a kind, the newest first. */
export async function namesOf(kind: NamedKind, client: Client): Promise<Candidate[]> {
  const options = { timeoutMs }
  if (kind === 'job') {
    const { items } = await client.jobs.list({ limit }, options)
    return items.map(({ id, name, status }) => ({ value: id, description: `${name}, ${status}` }))
  }
  if (kind === 'dataset') {
    const { items } = await client.datasets.list({ limit }, options)
    return items.map(({ id, name, kind: form }) => ({ value: name ?? id, description: form }))
  }
  const { items } = await client.models.list({ limit }, options)
  return items.map(({ id, model }) => ({ value: id, description: model.kind }))
}
