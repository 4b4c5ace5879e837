// The page of a job: its curves and log while it runs, its actions, and what it was asked to do.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { JobRecords } from '../../src/jobs/record/records.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  type Page,
  screenshot,
  testBrowser,
  type Visit,
  type VisitOptions,
} from '../../testing/browser.js'
import { eventually } from '../../testing/eventually.js'
import { startServer, type TestServer, uploadDataset } from '../../testing/test-server.js'
import {
  appendLogLines,
  appendMetrics,
  notifyJobEvent,
  putCheckpoint,
  runningJob,
} from '../api/attempts.js'

describe('the page of a job', needsBrowser, () => {
  const browser = testBrowser({ after })
  let server: TestServer
  before(async () => {
    server = await startServer()
    await uploadDataset(server)
  })
  after(() => server.close())

  const visit = (
    place: string,
    work: (visit: Visit) => Promise<void>,
    options: VisitOptions = {},
  ) => browser.visit(`${server.url}/#/jobs/${place}`, { key: server.key, ...options }, work)
  /** The value of a curve in the legend of its chart: without a cursor, the last one. */
  const value = (page: Page, curve: string) =>
    page.locator('.chart-legend li', { hasText: curve }).locator('output').first()
  const shows = (page: Page, curve: string, text: string) =>
    eventually(`${curve} ${text}`, async () => (await value(page, curve).textContent()) === text)

  test('a row is in the curves as soon as it is written, and NaN is named with its step', async () => {
    const id = await runningJob(server)
    await appendMetrics(server, id, [1, 2, 4])
    await visit(`${id}?tab=metrics`, async ({ page }) => {
      await shows(page, 'Loss', '0.25')
      await appendMetrics(server, id, [5])
      await shows(page, 'Loss', '0.2')
      await new MetricsLog(server.store).append(id, 1, {
        step: 6,
        time: new Date().toISOString(),
        values: { loss: Number.NaN },
      })
      await notifyJobEvent(server, id, 'metrics')
      await page.getByText('loss is NaN at step 6').waitFor()
      await page.getByRole('button', { name: 'Accuracy' }).click()
      assert.match(page.url(), /hide=accuracy/)
      await page.reload()
      await page.getByRole('button', { name: 'Accuracy', pressed: false }).waitFor()
    })
  })

  test('rows that came while the connection was lost are in the curves once it is back', async () => {
    const id = await runningJob(server)
    await appendMetrics(server, id, [1, 2])
    await visit(`${id}?tab=metrics`, async ({ page, context, expectError }) => {
      await shows(page, 'Loss', '0.5')
      // a row that only the stream brings, so it is open
      await appendMetrics(server, id, [3, 4])
      await shows(page, 'Loss', '0.25')
      expectError(/net::ERR_/)
      await context.setOffline(true)
      // the browser keeps what is open
      server.app.server.closeAllConnections()
      await page.getByText('go on without a gap').waitFor()
      await appendMetrics(server, id, [5])
      await context.setOffline(false)
      await shows(page, 'Loss', '0.2')
    })
  })

  test('the log goes on, is searched, and shows escape sequences as a terminal would', async () => {
    const id = await runningJob(server)
    await appendLogLines(server, id, ['\u001b[31mstarts\u001b[0m', '<b>bold</b>'])
    await visit(`${id}?tab=logs`, async ({ page }) => {
      const log = page.getByRole('region', { name: 'Log' })
      await log.getByText('starts', { exact: true }).waitFor()
      await log.getByText('<b>bold</b>').waitFor()
      await appendLogLines(server, id, ['10 %\r20 %', 'starts again'])
      await log.getByText('20 %', { exact: true }).waitFor()
      await page.getByRole('searchbox', { name: 'Search the log' }).fill('STARTS')
      await page.getByText('2 lines').waitFor()
      await page.getByLabel('Only these').check()
      await log.getByText('20 %').waitFor({ state: 'detached' })
      assert.match(page.url(), /q=STARTS/)
    })
  })

  test('a job is named, labelled and cancelled; then it can be retried', async () => {
    const { body } = await server.api
      .post('/jobs')
      .send({ model: { kind: 'resnet' }, dataset: 'shades', name: 'plain' })
    await visit(body.id, async ({ page }) => {
      await page.getByRole('heading', { level: 1, name: 'plain' }).waitFor()
      await page.getByRole('button', { name: 'Edit name and labels' }).first().click()
      await page.getByLabel('Name', { exact: true }).fill('renamed')
      await page.getByRole('button', { name: 'Add a label' }).click()
      await page.getByLabel('Name of label 1').fill('team')
      await page.getByLabel('Value of label 1').fill('vision')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'renamed' }).waitFor()
      await page.getByRole('list', { name: 'Labels' }).getByText('team').waitFor()
      await page.getByRole('button', { name: 'Mark with a star' }).click()
      await page.getByRole('button', { name: 'Remove the star' }).waitFor()
      await page.getByRole('button', { name: 'Cancel', exact: true }).click()
      await page.getByRole('button', { name: 'Cancel the job' }).click()
      await page.getByRole('button', { name: 'Retry' }).waitFor()
    })
    const { labels, name, status } = (await server.api.get(`/jobs/${body.id}`)).body
    assert.deepEqual(
      { labels, name, status },
      { labels: { team: 'vision', starred: 'yes' }, name: 'renamed', status: 'cancelled' },
    )
  })

  test('a failure is shown with what helps, a deleted job says so', async () => {
    const id = await runningJob(server)
    await new JobRecords(server.store).finish(id, {
      status: 'failed',
      finishedAt: new Date().toISOString(),
      attempt: 1,
      failure: { code: 'nan_loss', message: 'the loss is NaN at step 3' },
      model: null,
      metrics: {},
    })
    await visit(id, async ({ page, expectError }) => {
      await page.getByText('the loss is NaN at step 3').waitFor()
      await page.getByText('Lower the learning rate').waitFor()
      expectError(/console: .*404/)
      await server.api.delete(`/jobs/${id}`)
      await page.getByText('This job was deleted').waitFor()
    })
  })

  for (const { width, colorScheme } of [
    { width: 1280, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ] as const) {
    test(`each part is accessible and fits, ${width} pixels wide in ${colorScheme} colours`, async () => {
      const id = await runningJob(server)
      await appendMetrics(server, id, [1, 2, 4])
      await appendLogLines(server, id, ['a line '.repeat(40)])
      await putCheckpoint(server, id, 2, 10)
      const ready: Record<string, string> = {
        overview: 'TensorBoard, tar',
        metrics: 'Checkpoints and attempts',
        logs: 'a line',
        config: 'training.batchSize',
        evaluation: 'There is no evaluation yet',
        system: 'Nothing is measured yet',
        checkpoints: 'Train on from here',
      }
      await visit(
        id,
        async ({ page }) => {
          for (const [tab, text] of Object.entries(ready)) {
            await page.goto(`${server.url}/#/jobs/${id}?tab=${tab}`)
            await page.getByText(text).first().waitFor()
            assert.deepEqual(await accessibilityFindings(page), [], tab)
            assert.equal(await overflowPx(page), 0, tab)
            await screenshot(page, `job-${tab}-${width}`)
          }
        },
        { width, colorScheme },
      )
    })
  }
})
