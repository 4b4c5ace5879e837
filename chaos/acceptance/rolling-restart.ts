// P11. Requests and jobs keep coming at their pace, whatever has become of those before.
import { setTimeout as sleep } from 'node:timers/promises'
import { glance, lives } from '../../src/processes.js'
import type { Job, JobRequest } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { Api } from '../api.js'
import { attemptsOf } from '../attempts.js'
import { type Kind, Site, signal } from '../deployment.js'
import { jobKinds, requestOf } from '../job-kinds.js'
import { samples, uploadAll } from '../samples.js'
import type { Gate } from './acceptance-test.js'
import { percentile, spread } from './percentile.js'

/** What comes while an API starts on a busy machine is less than a predictor lets wait (64). */
const predictEveryMs = 200
const submitEveryMs = 4000
const drainWithinMs = 30_000
const quietMs = 2000
const endWithinMs = 120_000

/** Two that finish soon, one for each predictor. */
const kinds = jobKinds.filter(({ name }) => name === 'adam' || name === 'boosting')

export const rollingRestart: Gate = {
  promise: 'P11',
  what: 'worker and API are restarted in turn while predictions and jobs keep coming',
  rounds: 10,
  run: (rounds, say) => Site.with(site => restart(site, rounds, say)),
}

interface Asked {
  ms: number
  /** null where it was answered as it should be. */
  trouble: string | null
}

async function restart(site: Site, rounds: number, say: (line: string) => void) {
  const api = new Api(site.url, site.key, new AbortController().signal)
  await uploadAll(api.client)
  const instances = await samples()
  const models = await Promise.all(
    kinds.map(async kind => {
      const job = await api.submit(request(kind, kind.name))
      for await (const _ of api.follow(job.id)) {
        // until it ends
      }
      const body = JSON.stringify({ instances: instances[kind.dataset] })
      return {
        name: kind.name,
        body,
        answer: await api.predict(kind.name, instances[kind.dataset]),
      }
    }),
  )

  const over = new AbortController()
  const asked: Promise<Asked>[] = []
  const jobs: Promise<Job>[] = []
  const arrivals = [
    atPace(predictEveryMs, over.signal, n => {
      asked.push(predict(site, models[n % models.length]!))
    }),
    atPace(submitEveryMs, over.signal, n => {
      jobs.push(api.submit(request(kinds[n % kinds.length]!, `job-${n}`)))
    }),
  ]
  const violations: string[] = []
  const drains: number[] = []
  for (let n = 1; n <= rounds; n++) {
    await sleep(quietMs)
    const drained = await replace(site, 'worker')
    drains.push(drained)
    await sleep(quietMs)
    const closed = await replace(site, 'api')
    say(`worker ended in ${drained} ms, API in ${closed} ms`)
  }
  await sleep(quietMs)
  over.abort()
  await Promise.all(arrivals)

  const slowest = Math.max(...drains)
  if (slowest > drainWithinMs) violations.push(`a worker took ${slowest} ms to drain`)
  const predicted = await Promise.all(asked)
  const failed = predicted.map(({ trouble }) => trouble).filter(trouble => trouble !== null)
  for (const [trouble, count] of tally(failed)) {
    violations.push(`${count} of ${predicted.length} predictions: ${trouble}`)
  }
  const charged = await chargedAttempts(site, api, await Promise.all(jobs), violations)
  await site.stop()
  const ms = predicted.map(one => one.ms)
  return {
    rounds,
    violations,
    figures: {
      predictions: predicted.length,
      predictionsFailed: failed.length,
      ...spread('predictMs', ms),
      predictMsP999: Math.round(percentile(ms, 0.999)),
      jobs: jobs.length,
      attemptsCharged: charged,
      ...spread('drainMs', drains),
    },
  }
}

const request = ({ steps, dataset, request: wish }: (typeof kinds)[number], name: string) =>
  requestOf({ key: name, steps, dataset, wish: wish(1) }, name) as JobRequest

/** As many as time has room for, whether the ones before are done or not. */
async function atPace(everyMs: number, over: AbortSignal, act: (n: number) => void) {
  const since = performance.now()
  for (let n = 0; !over.aborted; n++) {
    await sleep(Math.max(0, since + n * everyMs - performance.now()))
    act(n)
  }
}

/** Once: a client that tries again would hide what is promised. */
async function predict(
  site: Site,
  { name, body, answer }: { name: string; body: string; answer: string },
): Promise<Asked> {
  const since = performance.now()
  const trouble = await fetch(`${site.url}/models/${name}/predict`, {
    method: 'POST',
    headers: { authorization: `Bearer ${site.key}`, 'content-type': 'application/json' },
    body,
  }).then(
    async got => {
      const text = await got.text()
      const { predictions, code, detail } = JSON.parse(text)
      if (!got.ok) return `${got.status} ${code}: ${detail}`
      const same = JSON.stringify(predictions) === answer
      return same ? null : `another answer: ${text.slice(0, 200)}`
    },
    (error: Error) => `${error.message}: ${error.cause}`,
  )
  return { ms: performance.now() - since, trouble }
}

/** Asks a process to end, and waits until there is another that works; how long the first one took. */
async function replace(site: Site, kind: Kind): Promise<number> {
  const [pid] = await site.find(kind)
  if (pid === undefined) throw new Error(`no ${kind} runs`)
  const since = performance.now()
  signal(pid, 'SIGTERM')
  while (lives(glance(pid))) await sleep(10)
  const ended = performance.now() - since
  while (!(await site.find(kind)).some(other => other !== pid)) await sleep(50)
  if (kind === 'api') await new Api(site.url, site.key, new AbortController().signal).get('/jobs')
  return Math.round(ended)
}

/** Jobs come to their end, and no attempt counts against them. */
async function chargedAttempts(
  site: Site,
  api: Api,
  jobs: readonly Job[],
  violations: string[],
): Promise<number> {
  const store = await openFolderStore(site.folder)
  let charged = 0
  let open = await unended(api)
  for (let since = Date.now(); open.length > 0; await sleep(500)) {
    const before = open.length
    open = await unended(api)
    // on a slow machine many wait: only that none ends is wrong
    if (open.length < before) since = Date.now()
    if (Date.now() - since < endWithinMs) continue
    violations.push(`${open.length} jobs do not end: ${open.map(({ name }) => name)}`)
    break
  }
  for (const { id, name } of jobs) {
    const { status, failure } = await api.job(id)
    if (status !== 'succeeded') violations.push(`${name} has ${status}: ${failure?.message}`)
    for (const { epoch, end } of await attemptsOf(store, site.folder, id)) {
      if (end === 'finished' || end === 'drained') continue
      charged++
      violations.push(`attempt ${epoch} of ${name} (${id}) ended as ${end}`)
    }
  }
  return charged
}

const unended = async (api: Api) =>
  (await api.jobs()).filter(({ finishedAt }) => finishedAt === null)

function tally(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}
