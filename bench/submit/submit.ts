// ext4 creates files more slowly for some minutes after thousands were deleted, because it skips recently
// freed inodes. So do not start this bench right after another run or after the tests.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type OptionValues, parseCount, scriptCommand } from '../../src/script-options.js'
import { percentile } from '../../testing/percentile.js'
import { type BenchDeployment, withBenchDeployment } from '../bench-deployment.js'
import { describeMachine } from '../machine.js'
import { heading, type Report, table, writeReport } from '../report.js'
import { closedLoop, createSubmitter, type Load, openLoop } from './load.js'

const perSecond = 100
const clients = 64

const options = {
  seconds: { value: 'N', default: '20', help: 'how long each load lasts' },
} as const

export const submitBench = scriptCommand(
  {
    command: 'npm run bench -- submit',
    summary:
      'Measures how fast jobs are accepted, with real fsyncs. Fails if a request was refused or an accepted job is not stored.',
    options,
  },
  run,
)

async function run(values: OptionValues<typeof options>): Promise<boolean> {
  const seconds = parseCount('seconds', values.seconds)
  const machine = await describeMachine()
  return withBenchDeployment(async deployment => {
    const api = await deployment.startApi()
    await upload(api.url, deployment.key)
    const send = createSubmitter(api.url, deployment.key, JSON.stringify(job))
    // warm-up
    await closedLoop(send, 8, 2)
    const storedBefore = await countStoredJobs(deployment)
    const apiCpuBefore = api.cpuSeconds()
    const clientCpuBefore = process.cpuUsage()
    const loads: [string, Load][] = [
      [`${perSecond} a second`, await openLoop(send, perSecond, seconds)],
      [`${clients} at a time`, await closedLoop(send, clients, seconds)],
    ]
    const accepted = loads.reduce((sum, [, load]) => sum + load.accepted, 0)
    const apiCpuMsEachJob = ((1000 * (api.cpuSeconds() - apiCpuBefore)) / accepted).toFixed(2)
    const { user, system } = process.cpuUsage(clientCpuBefore)
    const clientCpuMsEachJob = ((user + system) / 1000 / accepted).toFixed(2)
    const lost = accepted - ((await countStoredJobs(deployment)) - storedBefore)
    const columns = ['case', 'jobs/s', 'median ms', 'p99 ms', 'max ms', 'refused']
    const report: Report = {
      bench: 'submit',
      date: new Date().toISOString(),
      machine,
      settings: { seconds, accepted, lost, apiCpuMsEachJob, clientCpuMsEachJob },
      versions: {},
      rows: [],
      notRun: [],
      warnings: [],
    }
    const text = `${heading(report)}\n${table(columns, loads.map(rowOf))}`
    await writeReport(report, text)
    console.log(text)
    return lost === 0 && loads.every(([, { refused }]) => refused === 0)
  })
}

function rowOf([name, { latenciesMs, accepted, refused, seconds }]: [string, Load]): string[] {
  const times = [0.5, 0.99, 1].map(share => percentile(latenciesMs, share).toFixed(1))
  return [name, (accepted / seconds).toFixed(0), ...times, String(refused)]
}

const job = {
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'dots',
  training: { steps: 1, batchSize: 4 },
  labels: { sweep: 'bench' },
}

/** Counts the jobs whose manifests are in the data folder. */
async function countStoredJobs({ folder, store }: BenchDeployment): Promise<number> {
  const manifests = (await store.list('jobs')).map(id => join(folder, 'jobs', id, 'manifest.json'))
  const found = await Promise.all(manifests.map(path => stat(path).catch(() => null)))
  return found.filter(Boolean).length
}

/** Uploads 16 grey images of 4x4 pixels in two classes, as IDX files. */
async function upload(url: string, key: string): Promise<void> {
  const count = 16
  const images = Buffer.alloc(16 + count * 16)
  for (const [i, word] of [0x803, count, 4, 4].entries()) images.writeUInt32BE(word, 4 * i)
  const labels = Buffer.alloc(8 + count)
  for (const [i, word] of [0x801, count].entries()) labels.writeUInt32BE(word, 4 * i)
  for (let i = 0; i < count; i++) labels[8 + i] = i % 2
  const form = new FormData()
  form.set('name', 'dots')
  form.append('files', new Blob([images]), 'train-images-idx3-ubyte')
  form.append('files', new Blob([labels]), 'train-labels-idx1-ubyte')
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${url}/datasets`, { method: 'POST', headers, body: form })
  if (!answer.ok) throw new Error(await answer.text())
}
