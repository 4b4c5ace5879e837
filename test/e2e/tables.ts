import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatasetManifest } from '../../src/spec/dataset.js'
import type { TestDeployment } from '../../testing/test-deployment.js'

const folder = join(import.meta.dirname, '../../../test/data')

export interface TestTable {
  columns: string[]
  /** Without the target, which is the last column. */
  rows: number[][]
  targets: number[]
}

export async function readTable(name: string): Promise<TestTable> {
  const text = await readFile(join(folder, `${name}.csv`), 'utf8')
  const [header, ...lines] = text.trim().split('\n')
  const cells = lines.map(line => line.split(',').map(Number))
  return {
    columns: header!.split(',').slice(0, -1),
    rows: cells.map(row => row.slice(0, -1)),
    targets: cells.map(row => row.at(-1)!),
  }
}

/** Uploads a CSV text, or test/data/NAME.csv. */
export async function uploadTable(
  deployment: TestDeployment,
  name: string,
  csv?: string,
  target = 'target',
) {
  const text = csv ?? (await readFile(join(folder, `${name}.csv`), 'utf8'))
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
