// Sends uploads that are far larger than the memory a process may have, and measures what each process takes.
import { request } from 'node:http'
import { finished } from 'node:stream/promises'
import { eventually } from '../../testing/eventually.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { type GeneratedFile, generateUpload, type UploadKind } from './generated-upload.js'
import { PeakMemory, type Peaks } from './peak-memory.js'

/** Every process has to stay below it, however large the upload is. */
const maxPeakMb = 500

const pollMs = 500
/** Far more than the conversion of any upload takes. */
const timeoutMs = 6 * 3600_000

export interface DataRunOptions {
  kinds: readonly UploadKind[]
  gigabytes: number
}

export interface DataReport {
  kind: UploadKind
  gigabytes: number
  seconds: number
  records: number
  /** MB, by script. */
  peaks: Peaks
  /** Processes whose resident memory was more than the goal. */
  missed: string[]
}

/** Sends one upload of each kind, each to a server of its own. */
export async function runData({ kinds, gigabytes }: DataRunOptions): Promise<DataReport[]> {
  const reports: DataReport[] = []
  for (const kind of kinds) {
    const report = await measure(kind, gigabytes)
    console.error(`data: ${JSON.stringify(report)}`)
    reports.push(report)
  }
  return reports
}

async function measure(kind: UploadKind, gigabytes: number): Promise<DataReport> {
  const deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  const memory = new PeakMemory(deployment.supervisor)
  try {
    const started = performance.now()
    const files = generateUpload(kind, gigabytes * 1e9)
    const { records } = await upload(deployment, files)
    const seconds = Math.round((performance.now() - started) / 100) / 10
    const peaks = await memory.close()
    const missed = Object.keys(peaks.resident).filter(script => peaks.resident[script]! > maxPeakMb)
    return { kind, gigabytes, seconds, records, peaks, missed }
  } finally {
    await memory.close()
    await deployment.close()
  }
}

interface Answer {
  status: number
  body: { id: string; state: string; dataset: string; records: number; problem: unknown }
}

async function upload(
  deployment: TestDeployment,
  files: readonly GeneratedFile[],
): Promise<{ records: number }> {
  const answer = await send(deployment, files)
  if (answer.status !== 202) return expectDataset(answer)
  const { id } = answer.body
  const { dataset, problem } = await eventually(
    'the end of the import',
    async () => {
      const { body } = await get(deployment, `/imports/${id}`)
      return (body.problem || body.dataset) && body
    },
    { intervalMs: pollMs, timeoutMs },
  )
  if (problem) throw new Error(`the upload failed: ${JSON.stringify(problem)}`)
  return expectDataset(await get(deployment, `/datasets/${dataset}`))
}

function expectDataset({ status, body }: Answer): { records: number } {
  if (status === 200 || status === 201) return body
  throw new Error(`the server answers ${status}: ${JSON.stringify(body)}`)
}

async function send(
  { url, key }: TestDeployment,
  files: readonly GeneratedFile[],
): Promise<Answer> {
  const boundary = 'trainyard-data-boundary'
  const sending = request(`${url}/datasets`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      prefer: 'respond-async',
      'content-type': `multipart/form-data; boundary=${boundary}`,
    },
  })
  const answered = answerOf(sending)
  const write = async (chunk: Uint8Array | string) => {
    if (!sending.write(chunk)) await Promise.race([drained(sending), answered])
  }
  for (const { name, chunks } of files) {
    const disposition = `content-disposition: form-data; name="file"; filename="${name}"`
    await write(`--${boundary}\r\n${disposition}\r\ncontent-type: application/octet-stream\r\n\r\n`)
    for await (const chunk of chunks) await write(chunk)
    await write('\r\n')
  }
  sending.end(`--${boundary}--\r\n`)
  return answered
}

const drained = (sending: ReturnType<typeof request>) =>
  new Promise<void>(resolve => sending.once('drain', resolve))

async function get({ url, key }: TestDeployment, path: string): Promise<Answer> {
  const asking = request(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })
  asking.end()
  return answerOf(asking)
}

async function answerOf(sent: ReturnType<typeof request>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      finished(response).then(
        () => resolve({ status: response.statusCode!, body: JSON.parse(text) as Answer['body'] }),
        reject,
      )
    })
  })
}
