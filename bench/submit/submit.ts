// `npm run bench -- submit [--seconds n]`: how fast jobs are taken, durable before the 202, with real
// fsyncs. ext4 looks past the inodes of files that were removed in the last minutes, one by one, before
// it makes a new one: right behind something that removed thousands (this bench, the tests) new files
// are slower.
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { parseCount } from '../../testing/command-line.js'
import { describeMachine } from '../machine.js'
import { heading, type Report, table, writeReport } from '../report.js'
import { closedLoop, createSubmitter, type Load, openLoop, quantile } from './load.js'
import { startApi } from './server.js'

const perSecond = 100
const clients = 64

/** Writes the report; false where a job that was accepted is not there. */
export async function submitBench(args: string[]): Promise<boolean> {
  const options = { seconds: { type: 'string', default: '20' } } as const
  const { values } = parseArgs({ args, options })
  // of each load
  const seconds = parseCount('seconds', values.seconds)
  const machine = await describeMachine()
  const server = await startApi(tmpdir())
  try {
    await upload(server)
    const send = createSubmitter(server.url, server.key, JSON.stringify(job))
    await closedLoop(send, 8, 2)
    const before = await server.countStoredJobs()
    const used = server.cpuSeconds()
    const own = process.cpuUsage()
    const loads: [string, Load][] = [
      [`${perSecond} a second`, await openLoop(send, perSecond, seconds)],
      [`${clients} at a time`, await closedLoop(send, clients, seconds)],
    ]
    const accepted = loads.reduce((sum, [, load]) => sum + load.accepted, 0)
    const apiCpuMsEachJob = ((1000 * (server.cpuSeconds() - used)) / accepted).toFixed(2)
    const { user, system } = process.cpuUsage(own)
    const clientCpuMsEachJob = ((user + system) / 1000 / accepted).toFixed(2)
    const lost = accepted - ((await server.countStoredJobs()) - before)
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
  } finally {
    await server.stop()
  }
}

function rowOf([name, { latenciesMs, accepted, refused, seconds }]: [string, Load]): string[] {
  const times = [0.5, 0.99, 1].map(q => quantile(latenciesMs, q).toFixed(1))
  return [name, (accepted / seconds).toFixed(0), ...times, String(refused)]
}

const job = {
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'dots',
  training: { steps: 1, batchSize: 4 },
  labels: { sweep: 'bench' },
}

/** Sixteen grey images of 4x4 pixels, as IDX files. */
async function upload({ url, key }: { url: string; key: string }): Promise<void> {
  const images = Buffer.alloc(16 + 16 * 16)
  for (const [i, word] of [0x803, 16, 4, 4].entries()) images.writeUInt32BE(word, 4 * i)
  const labels = Buffer.from([
    0,
    0,
    8,
    1,
    0,
    0,
    0,
    16,
    ...Array.from({ length: 16 }, (_, i) => i % 2),
  ])
  const form = new FormData()
  form.set('name', 'dots')
  form.append('files', new Blob([images]), 'train-images-idx3-ubyte')
  form.append('files', new Blob([labels]), 'train-labels-idx1-ubyte')
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${url}/datasets`, { method: 'POST', headers, body: form })
  if (!answer.ok) throw new Error(await answer.text())
}
