// P15. All requests at once, and again after everything that might have remembered them is gone.
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Job } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { Api } from '../api.js'
import { Site } from '../deployment.js'
import { uploadAll } from '../samples.js'
import type { Gate } from './acceptance-test.js'
import { endless } from './endless-jobs.js'
import { spread } from './percentile.js'

const concurrent = 1000
const listWithinMs = 30_000
const reused = 'IDEMPOTENCY_KEY_REUSED'

interface Answer {
  status: number
  body: string
  ms: number
}

/** What it is, and what must not bring a second job about. */
const losses: readonly { name: string; happen(site: Site): Promise<unknown> }[] = [
  { name: 'at first', happen: async () => {} },
  { name: 'after Redis was wiped', happen: site => site.withRedis(redis => redis.flushall()) },
  {
    name: 'after a restart',
    happen: async site => {
      await site.stop()
      await site.start()
    },
  },
]

/** A round is a request. */
export const oneSubmission: Gate = {
  promise: 'P15',
  what: 'one Idempotency-Key in many requests at once',
  rounds: concurrent,
  run: (rounds, say) => Site.with(site => submitAtOnce(site, rounds, say)),
}

async function submitAtOnce(site: Site, rounds: number, say: (line: string) => void) {
  const api = new Api(site.url, site.key, new AbortController().signal)
  await uploadAll(api.client)
  const store = await openFolderStore(site.folder)
  const violations: string[] = []
  const figures: Record<string, number> = {}
  const request = endless('network', 'once', {})
  const other = endless('network', 'other', {})
  let first: string | null = null
  for (const { name, happen } of losses) {
    await happen(site)
    const answers = await Promise.all(Array.from({ length: rounds }, () => post(site, request)))
    for (const answer of unlike(answers, 202)) {
      violations.push(`${name}: answered ${answer.status}: ${answer.body.slice(0, 300)}`)
    }
    const bodies = new Set(answers.map(({ body }) => body))
    if (bodies.size !== 1) violations.push(`${name}: ${bodies.size} different bodies`)
    first ??= answers[0]!.body
    if (!isDeepStrictEqual(JSON.parse(answers[0]!.body), JSON.parse(first))) {
      violations.push(`${name}: ${answers[0]!.body} instead of ${first}`)
    }
    const others = await Promise.all(Array.from({ length: 10 }, () => post(site, other)))
    for (const { status, body } of others) {
      if (status === 422 && body.includes(reused)) continue
      violations.push(`${name}: another request was answered ${status}: ${body.slice(0, 300)}`)
    }
    const stored = await store.list('jobs')
    if (stored.length !== 1) violations.push(`${name}: ${stored.length} jobs are stored`)
    const listed = await listedOf(api)
    if (listed !== 1) violations.push(`${name}: ${listed} jobs are listed`)
    const ms = answers.map(answer => answer.ms)
    Object.assign(figures, name === 'at first' ? spread('answerMs', ms) : {})
    say(`${name}: ${answers.length} answers within ${Math.max(...ms).toFixed(0)} ms`)
  }
  await api.act((JSON.parse(first!) as Job).id, 'cancel')
  await site.stop()
  return { rounds, violations, figures }
}

/** A list that was lost with Redis is made anew from what is stored, some seconds later. */
async function listedOf(api: Api): Promise<number> {
  for (const since = Date.now(); ; await sleep(250)) {
    const { length } = await api.jobs()
    if (length > 0 || Date.now() - since > listWithinMs) return length
  }
}

const unlike = (answers: readonly Answer[], status: number) =>
  answers.filter(answer => answer.status !== status)

async function post(site: Site, request: object): Promise<Answer> {
  const since = performance.now()
  const answer = await fetch(`${site.url}/jobs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${site.key}`,
      'content-type': 'application/json',
      'idempotency-key': 'the-only-one',
    },
    body: JSON.stringify(request),
  })
  const body = await answer.text()
  return { status: answer.status, body, ms: performance.now() - since }
}
