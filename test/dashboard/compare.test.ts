// The comparison of jobs: curves, the settings that differ, and plots, all in the address.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  screenshot,
  testBrowser,
  type Visit,
  type VisitOptions,
} from '../../testing/browser.js'
import { smallJob, startServer, type TestServer, uploadDataset } from '../../testing/test-server.js'
import { appendMetrics, endJob, startJob } from '../api/attempts.js'

describe('the comparison of jobs', needsBrowser, () => {
  const browser = testBrowser({ after })
  let server: TestServer
  const ids: string[] = []
  before(async () => {
    server = await startServer()
    await uploadDataset(server)
    for (const [name, seed, loss] of [
      ['slow', 1, 0.5],
      ['fast', 2, 0.25],
    ] as const) {
      const request = { ...smallJob, name, training: { ...smallJob.training, seed } }
      const { body } = await server.api.post('/jobs').send(request)
      await startJob(server, body.id)
      await appendMetrics(server, body.id, [1, 2, 3, 4])
      await endJob(server, body.id, { loss, accuracy: 0.75 })
      ids.push(body.id)
    }
  })
  after(() => server.close())

  const compare = (
    query: string,
    work: (visit: Visit) => Promise<void>,
    options: VisitOptions = {},
  ) =>
    browser.visit(
      `${server.url}/#/compare?jobs=${ids.join(',')}${query}`,
      { key: server.key, ...options },
      work,
    )

  test('it shows the curves of all runs, and leaves out those without a check mark', () =>
    compare('', async ({ page }) => {
      const chart = page.locator('figure', { hasText: 'Loss' })
      await chart.locator('canvas').waitFor()
      const table = chart.getByRole('table', { name: 'Loss' })
      assert.equal(await table.getByRole('row').count(), 3)
      // the loss of the log is 1 / step
      await table.getByRole('row', { name: 'fast 0.25 0.25 1' }).waitFor()
      await page.getByLabel('Smoothing').fill('0.5')
      await page.getByLabel('X axis').selectOption('epoch')
      await page.getByRole('checkbox', { name: 'Show slow' }).uncheck()
      await table.getByRole('row', { name: 'slow' }).waitFor({ state: 'detached' })
      assert.deepEqual(await accessibilityFindings(page), [])
      await screenshot(page, 'compare-curves')
      const url = page.url()
      assert.match(url, /hidden=job-/)
      await page.goto('about:blank')
      await page.goto(url)
      await chart.locator('canvas').waitFor()
      assert.equal(await page.getByRole('checkbox', { name: 'Show slow' }).isChecked(), false)
      assert.equal(await page.getByLabel('Smoothing').inputValue(), '0.5')
      assert.equal(await page.getByLabel('X axis').inputValue(), 'epoch')
    }))

  test('it asks for all jobs at once, and draws their curves once', () =>
    compare('', async ({ page }) => {
      const chart = page.locator('figure', { hasText: 'Loss' })
      await chart.locator('canvas').waitFor()
      // each drawing begins with an empty canvas
      await page.evaluate(`
        window.drawn = 0
        const { clearRect } = CanvasRenderingContext2D.prototype
        CanvasRenderingContext2D.prototype.clearRect = function (...area) {
          window.drawn += 1
          return clearRect.apply(this, area)
        }`)
      const charts = await page.locator('.chart canvas').count()
      await page.goto(`${server.url}/#/jobs`)
      await page.getByRole('table', { name: 'Jobs' }).getByRole('link').first().waitFor()
      assert.equal(await page.evaluate('window.drawn'), 0)
      const paths: string[] = []
      page.on('request', request => void paths.push(new URL(request.url()).pathname))
      await page.goto(`${server.url}/#/compare?jobs=${ids.join(',')}`)
      await chart.locator('canvas').waitFor()
      await page.evaluate('new Promise(done => requestAnimationFrame(() => setTimeout(done, 200)))')
      assert.equal(await page.evaluate('window.drawn'), charts)
      assert.deepEqual(paths.sort(), ['/jobs', '/jobs/metrics'])
    }))

  test('its table has the settings that differ, and is saved as CSV', () =>
    compare('&part=table', async ({ page }) => {
      const table = page.getByRole('table', { name: 'Settings and results' })
      await table.waitFor()
      const titles = () => table.getByRole('columnheader').allTextContents()
      assert.deepEqual((await titles()).slice(0, 3), ['Run', 'training.seed', 'Loss (best)'])
      await page.getByRole('button', { name: 'training.seed' }).click()
      await table.getByRole('row', { name: /^slow/ }).waitFor()
      assert.deepEqual(await table.getByRole('rowheader').allTextContents(), ['fast', 'slow'])
      const downloading = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Save as CSV' }).click()
      const file = await (await downloading).path()
      const [header, fast] = (await readFile(file, 'utf8')).split('\r\n')
      assert.match(header!, /^id,name,status,training.seed,best.loss,metrics.loss,/)
      assert.match(fast!, new RegExp(`^${ids[1]},fast,succeeded,2,[^,]*,0.25,`))
      await page.getByRole('checkbox', { name: 'Settings that are equal, too' }).check()
      assert.ok((await titles()).includes('training.batchSize'))
    }))

  test('its plots show results by settings, with a table for those who do not see them', () =>
    compare('&part=plots&result=metrics.loss', async ({ page }) => {
      await page.locator('.run-point').first().waitFor()
      assert.equal(await page.locator('.run-point').count(), 2)
      const table = page.getByRole('table', { name: 'Loss (last)', exact: true })
      await table.getByRole('row', { name: 'fast 2 0.25' }).waitFor()
      assert.deepEqual(await accessibilityFindings(page), [])
      await page.locator('.run-point').first().click()
      await page.waitForURL(`**/#/jobs/${ids[0]}*`)
    }))

  test('it fits into the window of a phone, and says which jobs are gone', () =>
    browser.visit(
      `${server.url}/#/compare?jobs=${ids[0]},job-01jdzzzzzzzzzzzzzzzzzzzzzz`,
      { key: server.key, width: 390 },
      async ({ page }) => {
        await page.getByText('One of the jobs is not there any more.').waitFor()
        for (const part of ['Curves', 'Table', 'Plots']) {
          await page.getByRole('link', { name: part, exact: true }).click()
          assert.equal(await overflowPx(page), 0, part)
        }
      },
    ))
})
