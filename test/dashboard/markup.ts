// Data whose texts are markup and code, wherever a client can write text.
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { PNG } from 'pngjs'
import { JobIndex } from '../../src/jobs/queue/job-index.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { putModel, smallJob, type TestServer } from '../../testing/test-server.js'
import { appendLogLines, appendMetrics, endJob, startJob } from '../api/attempts.js'
import { zipFile } from '../datasets/archives/zip-writer.js'

/** The texts, one in each line of test/data/markup.txt. */
export const markup = readFileSync(
  fileURLToPath(new URL('../../../test/data/markup.txt', import.meta.url)),
  'utf8',
)
  .trimEnd()
  .split('\n')

/** Folders of an archive: their names have no slash. */
export const classesOfImages = markup.filter(text => !text.includes('/'))

export interface MarkupData {
  table: string
  images: string
  jobs: Record<'queued' | 'running' | 'failed' | 'succeeded', string>
  model: string
}

export async function createMarkupData(server: TestServer): Promise<MarkupData> {
  const table = await uploadTable(server)
  const images = await uploadImages(server)
  const submit = async (name: string) => {
    const { status, body, text } = await server.api
      .post('/jobs')
      .send({ ...smallJob, name, dataset: images })
    if (status >= 300) throw new Error(`${status}: ${text}`)
    return body.id as string
  }
  const running = await submit('running')
  await startJob(server, running)
  await appendMetrics(server, running, [1, 2, 3])
  await appendLogLines(server, running, markup)
  const failed = await submit('failed')
  await startJob(server, failed)
  await failJob(server, failed, markup.join('\n'))
  const succeeded = await submit('succeeded')
  await startJob(server, succeeded)
  await appendMetrics(server, succeeded, [1, 2, 3, 4])
  await endJob(server, succeeded)
  const queued = await submit('queued')
  return {
    table,
    images,
    jobs: { queued, running, failed, succeeded },
    model: await annotateModel(server, succeeded),
  }
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

/** The names of columns, the values of a category and the classes are markup. */
async function uploadTable({ api }: TestServer): Promise<string> {
  const columns = [...markup.slice(0, 4), 'target'].map(quoted)
  const rows = Array.from({ length: 4 * markup.length }, (_, i) => {
    const text = quoted(markup[i % markup.length]!)
    return [text, i, i % 7, i / 3, text].join(',')
  })
  const answer = await api
    .post('/datasets')
    .field('name', 'markup-table')
    .field('target', 'target')
    .attach('file', Buffer.from([columns, ...rows].join('\n')), '<b>table</b>.csv')
  if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`)
  return answer.body.id
}

/** The classes are markup, and the names of the files. */
async function uploadImages({ api }: TestServer): Promise<string> {
  const picture = new PNG({ width: 4, height: 4 })
  const entries = [0, 1, 2, 3].flatMap(i =>
    classesOfImages.map(name => {
      picture.data.fill(60 * i)
      for (let alpha = 3; alpha < picture.data.length; alpha += 4) picture.data[alpha] = 255
      return { name: `${name}/${i} ${name}.png`, content: PNG.sync.write(picture) }
    }),
  )
  const answer = await api
    .post('/datasets')
    .field('name', 'markup-images')
    .attach('file', zipFile(entries), "<img src=x onerror='alert(1)'>.zip")
  if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`)
  return answer.body.id
}

async function failJob(
  { store, redis: { connection, prefix } }: TestServer,
  id: string,
  message: string,
) {
  await new JobRecords(store).finish(id, {
    status: 'failed',
    finishedAt: new Date().toISOString(),
    attempt: 1,
    failure: { code: 'crashed', message },
    model: null,
    metrics: {},
  })
  const redis = new Redis(connection)
  await new JobIndex(redis, prefix).put(await new JobRecords(store).read(id))
  redis.disconnect()
}

async function annotateModel({ store, api }: TestServer, job: string): Promise<string> {
  for (const version of [1, 2]) {
    await putModel(store, 'shades', version, null, async (folder, manifest) => {
      manifest.jobId = job
      await mkdir(folder)
      await writeFile(join(folder, 'saved_model.pb'), 'graph')
    })
  }
  const [stage, note, tag, reason] = markup
  const annotation = { stage, note, tags: { origin: tag }, reason }
  const answers = [
    await api.patch('/models/shades/versions/2').send(annotation),
    await api.put('/models/shades/aliases/production').send({ version: 1, reason }),
    await api.post('/webhooks').send({ url: 'http://127.0.0.1:9/?q=<script>alert(1)</script>' }),
  ]
  for (const { status, text } of answers) if (status >= 300) throw new Error(`${status}: ${text}`)
  return 'shades'
}
