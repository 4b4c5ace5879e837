// P15. Sends all requests at once, and again after Redis and the processes have lost their memory.
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Job } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { percentiles } from '../../testing/percentile.js'
import { RetryingClient } from '../api.js'
import { deadline } from '../deadline.js'
import { ChaosDeployment } from '../deployment.js'
import { uploadDatasets } from '../samples.js'
import { type AcceptanceTest, testDeadline } from './acceptance-test.js'
import { endlessJob } from './endless-jobs.js'

const concurrent = 1000
const listTimeoutMs = 30_000
const responseTimeoutMs = 120_000
const keyReusedCode = 'IDEMPOTENCY_KEY_REUSED'

interface TimedResponse {
  status: number
  body: string
  ms: number
}

/** What happens before the requests are sent. */
const scenarios: readonly { name: string; apply(deployment: ChaosDeployment): Promise<unknown> }[] =
  [
    { name: 'initially', apply: async () => {} },
    {
      name: 'after FLUSHALL',
      apply: deployment => deployment.withRedis(redis => redis.flushall()),
    },
    {
      name: 'after a restart',
      apply: async deployment => {
        await deployment.stop()
        await deployment.start()
      },
    },
  ]

/** Its rounds are the requests that are sent at once. */
export const oneSubmission: AcceptanceTest = {
  guarantee: 'P15',
  description: 'sends many requests with one Idempotency-Key at once',
  rounds: concurrent,
  run: (rounds, log) => ChaosDeployment.with(deployment => submitAtOnce(deployment, rounds, log)),
}

async function submitAtOnce(
  deployment: ChaosDeployment,
  rounds: number,
  log: (line: string) => void,
) {
  const api = new RetryingClient(deployment.url, deployment.key, testDeadline('P15'))
  await uploadDatasets(api.client)
  const store = await openFolderStore(deployment.folder)
  const violations: string[] = []
  const measurements: Record<string, number> = {}
  const request = endlessJob('network', 'once', {})
  const other = endlessJob('network', 'other', {})
  let first: string | null = null
  for (const { name, apply } of scenarios) {
    await apply(deployment)
    const answers = await Promise.all(
      Array.from({ length: rounds }, () => post(deployment, request)),
    )
    for (const answer of withOtherStatus(answers, 202)) {
      violations.push(`${name}: answered ${answer.status}: ${answer.body.slice(0, 300)}`)
    }
    const bodies = new Set(answers.map(({ body }) => body))
    if (bodies.size !== 1) violations.push(`${name}: ${bodies.size} different bodies`)
    first ??= answers[0]!.body
    if (!isDeepStrictEqual(JSON.parse(answers[0]!.body), JSON.parse(first))) {
      violations.push(`${name}: ${answers[0]!.body} instead of ${first}`)
    }
    const others = await Promise.all(Array.from({ length: 10 }, () => post(deployment, other)))
    for (const { status, body } of others) {
      if (status === 422 && body.includes(keyReusedCode)) continue
      violations.push(`${name}: another request was answered ${status}: ${body.slice(0, 300)}`)
    }
    const stored = await store.list('jobs')
    if (stored.length !== 1) violations.push(`${name}: ${stored.length} jobs are stored`)
    const listed = await countListedJobs(api)
    if (listed !== 1) violations.push(`${name}: ${listed} jobs are listed`)
    const ms = answers.map(answer => answer.ms)
    Object.assign(measurements, name === 'initially' ? percentiles('answerMs', ms) : {})
    log(`${name}: ${answers.length} answers within ${Math.max(...ms).toFixed(0)} ms`)
  }
  await api.act((JSON.parse(first!) as Job).id, 'cancel')
  await deployment.stop()
  return { rounds, violations, measurements }
}

/** Counts the listed jobs. After Redis lost the list, this waits until the server has rebuilt it. */
async function countListedJobs(api: RetryingClient): Promise<number> {
  for (const since = Date.now(); ; await sleep(250)) {
    const { length } = await api.jobs()
    if (length > 0 || Date.now() - since > listTimeoutMs) return length
  }
}

const withOtherStatus = (answers: readonly TimedResponse[], status: number) =>
  answers.filter(answer => answer.status !== status)

async function post(deployment: ChaosDeployment, request: object): Promise<TimedResponse> {
  const since = performance.now()
  const answer = await fetch(`${deployment.url}/jobs`, {
    method: 'POST',
    signal: deadline('POST /jobs', responseTimeoutMs),
    headers: {
      authorization: `Bearer ${deployment.key}`,
      'content-type': 'application/json',
      'idempotency-key': 'the-only-one',
    },
    body: JSON.stringify(request),
  })
  const body = await answer.text()
  return { status: answer.status, body, ms: performance.now() - since }
}
