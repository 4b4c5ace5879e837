// The package in a page of another origin, in a real browser: uploads, streams and predictions through cut connections.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { launchBrowser, needsBrowser } from '../../testing/browser.js'
import { type CuttingProxy, startCuttingProxy } from '../../testing/cutting-proxy.js'
import { TestDeployment } from '../../testing/test-deployment.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** What the page does: a text, since it runs in the browser. Its errors end the test. */
const work = `async ({ url, key }) => {
  const { Client, ProblemError } = await import('/client.js')
  const client = new Client({ url, key })
  const lines = Array.from({ length: 700_000 }, (_, i) => i + ',' + 2 * i)
  const file = new File(['x,y\\n' + lines.join('\\n')], 'line.csv')
  const sent = []
  const dataset = await client.datasets.push('line', [file], {
    target: 'y',
    onSent: ({ bytes }) => {
      sent.push(bytes)
      if (sent.length === 2) cut()
    },
  })
  const job = await client.submit({
    name: 'liner',
    dataset: 'line',
    model: { kind: 'boosting', rounds: 60 },
  })
  const steps = []
  for await (const { event, data } of job.follow()) {
    if (event !== 'metrics') continue
    steps.push(data.step)
    if (data.step === 10) cut()
  }
  const { status } = await job.wait()
  const { predictions } = await client.models.predictRows('liner', [{ x: 1000 }])
  let listed = 0
  for await (const each of client.jobs.all({ limit: 1 })) listed += each.name === 'liner'
  const code = await client.jobs.get('job-01jdzzzzzzzzzzzzzzzzzzzzzz').catch(error => error instanceof ProblemError && error.code)
  const wrong = await new Client({ url, key: 'ty_wrong', retryForMs: 0 }).jobs.list().catch(error => error.status)
  const nowhere = await new Client({ url: 'http://127.0.0.1:1', key, retryForMs: 0 }).jobs.list().catch(error => error.message)
  return { size: file.size, sent, records: dataset.records, steps, status, value: predictions[0].value, listed, code, wrong, nowhere }
}`

describe('the client in a page', needsBrowser, () => {
  let pages: Server
  let deployment: TestDeployment
  let proxy: CuttingProxy
  before(async () => {
    const { buildClientPackage } = await import(
      join(root, 'scripts', 'setup', 'client-package.mjs')
    )
    await buildClientPackage()
    pages = createServer(async (request, response) => {
      const name = basename(request.url!)
      if (!name.endsWith('.js')) {
        return response.writeHead(200, { 'content-type': 'text/html' }).end('<title>page</title>')
      }
      const script = await readFile(join(root, 'dist', 'client', name))
      return response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    }).listen(0, '127.0.0.1')
    await once(pages, 'listening')
    deployment = await TestDeployment.open({
      TRAINYARD_SPARE_TRAINERS: 'off',
      TRAINYARD_CORS_ORIGINS: pageUrl(),
    })
    proxy = await startCuttingProxy(deployment.url)
  })
  after(async () => {
    pages.close()
    pages.closeAllConnections()
    proxy.close()
    await deployment.close()
  })

  const pageUrl = () => `http://127.0.0.1:${(pages.address() as AddressInfo).port}`

  test('sends a file, follows a job, predicts and understands errors', async () => {
    const browser = await launchBrowser()
    try {
      const page = await browser.newPage()
      let cuts = 0
      await page.exposeFunction('cut', () => {
        cuts += proxy.cut()
      })
      await page.goto(pageUrl())
      const { url, key } = { url: proxy.url, key: deployment.key }
      const done = await page.evaluate(`(${work})(${JSON.stringify({ url, key })})`)
      const { size, sent, steps, value, nowhere, ...rest } = done as {
        [name: string]: unknown
        size: number
        sent: number[]
        steps: number[]
        value: number
        nowhere: string
      }
      assert.deepEqual(rest, {
        records: 700_000,
        status: 'succeeded',
        listed: 1,
        code: 'JOB_NOT_FOUND',
        wrong: 401,
      })
      assert.equal(sent.at(-1), size)
      assert.ok(size > 4 * 2 ** 20, 'the file went as a form')
      const distinct = steps.filter((step, i) => step !== steps[i - 1])
      assert.deepEqual(
        distinct,
        Array.from({ length: 60 }, (_, i) => i + 1),
      )
      assert.ok(Number.isFinite(value))
      assert.match(nowhere, /^http:\/\/127\.0\.0\.1:1\/jobs cannot be reached: /)
      assert.ok(cuts > 0, 'nothing was cut')
    } finally {
      await browser.close()
    }
  })
})
