// Reads a job's results from the API and the data folder.
import { join } from 'node:path'
import type { Job } from '../src/spec/job.js'
import type { MetricsPage } from '../src/spec/metrics.js'
import type { FileEntry, Store } from '../src/store/store.js'
import type { RetryingClient } from './api.js'
import { isDeterministic, type Reference } from './history.js'

export type Points = MetricsPage['points']

export const pointsOf = async (api: RetryingClient, id: string): Promise<Points> =>
  (await api.get<MetricsPage>(`/jobs/${id}/metrics?limit=10000`)).points

export function seriesOf(points: Points): Reference['series'] {
  const names = Object.keys(points).filter(isDeterministic).sort()
  return Object.fromEntries(
    names.map(name => [name, points[name]!.map(({ step, value }) => [step, value] as const)]),
  )
}

/** Names and checksums of a committed folder's files, or 'missing', or 'damaged' if a file does not match the manifest. */
export async function filesOf(store: Store, key: string): Promise<string> {
  const manifest = await store.readJson<{ files: FileEntry[] }>(join(key, 'manifest.json'))
  if (!manifest) return 'missing'
  if (!(await store.verify(key))) return 'damaged'
  return manifest.files.map(({ name, sha256 }) => `${name} ${sha256}`).join('\n')
}

export const modelFiles = (store: Store, { name, result }: Job): Promise<string> =>
  filesOf(store, `models/${name}/${result?.model.version ?? 1}`)

export async function lastCheckpointFiles(
  api: RetryingClient,
  store: Store,
  id: string,
): Promise<string> {
  const last = (await api.checkpoints(id)).at(-1)
  return last ? filesOf(store, `jobs/${id}/checkpoints/${last.step}`) : 'missing'
}
