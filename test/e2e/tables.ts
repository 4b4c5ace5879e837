import { readFile } from 'node:fs/promises'
import type { DatasetManifest } from '../../src/spec/dataset.js'
import { tablePath } from '../../testing/tables.js'
import type { TestDeployment } from '../../testing/test-deployment.js'

/** Uploads a CSV text, or test/data/NAME.csv. */
export async function uploadTable(
  deployment: TestDeployment,
  name: string,
  csv?: string,
  target = 'target',
) {
  const text = csv ?? (await readFile(tablePath(name), 'utf8'))
  const form = new FormData()
  form.set('name', name)
  form.set('target', target)
  form.append('file', new Blob([text]), `${name}.csv`)
  const answer = await fetch(`${deployment.url}/datasets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.key}` },
    body: form,
  })
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as DatasetManifest
}
