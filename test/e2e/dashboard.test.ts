// The dashboard of a whole deployment, in a browser.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  screenshot,
  testBrowser,
} from '../../testing/browser.js'
import { freePort } from '../../testing/free-port.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

describe('the dashboard', needsBrowser, () => {
  const browser = testBrowser({ after })
  let deployment: TestDeployment
  before(async () => {
    deployment = await TestDeployment.open({
      TRAINYARD_SPARE_TRAINERS: 'off',
      // the same after a restart, for the page that is open
      TRAINYARD_PORT: String(await freePort()),
    })
    await uploadTable(deployment, 'wine')
  })
  after(() => deployment.close())

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      test(`is whole and accessible before the sign-in, in ${colorScheme} colours, ${width} pixels wide`, async () => {
        await browser.visit(
          `${deployment.url}/`,
          { width, colorScheme },
          async ({ page, expectError }) => {
            expectError(/console: .*401 .*\/session/)
            await page.getByRole('heading', { level: 1 }).waitFor()
            assert.deepEqual(await accessibilityFindings(page), [])
            assert.equal(await overflowPx(page), 0)
            await screenshot(page, `sign-in-${colorScheme}-${width}`)
          },
        )
      })
    }
  }

  const boostingJob = (name: string) => ({
    name,
    model: { kind: 'boosting' as const, rounds: 5 },
    dataset: 'wine',
  })

  test('an open page follows a job to its end', () =>
    browser.visit(`${deployment.url}/#/jobs`, { key: deployment.key }, async ({ page }) => {
      await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor()
      const { name } = await deployment.client.jobs.submit(boostingJob('followed'))
      const row = page.getByRole('row').or(page.getByRole('listitem')).filter({ hasText: name })
      await row.getByText('succeeded').waitFor()
    }))

  test('a page that is open while the server restarts goes on afterwards', () =>
    browser.visit(
      `${deployment.url}/#/jobs`,
      // on a phone, where there is little room to say that the server is gone
      { key: deployment.key, width: 390 },
      async ({ page, expectError }) => {
        expectError(/net::ERR_/)
        await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor()
        await deployment.stop()
        await page.getByText('Not connected').waitFor()
        assert.deepEqual(await accessibilityFindings(page), [])
        await screenshot(page, 'not-connected-390')
        await deployment.start()
        await page.getByText('Not connected').waitFor({ state: 'hidden' })
        await deployment.client.jobs.submit(boostingJob('after-the-restart'))
        await page.getByText('after-the-restart').first().waitFor()
      },
    ))
})
