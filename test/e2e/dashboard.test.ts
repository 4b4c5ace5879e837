// The page at / of a whole deployment, in a browser.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  screenshot,
  testBrowser,
} from '../../testing/browser.js'
import { TestDeployment } from '../../testing/test-deployment.js'

describe('the page at /', needsBrowser, () => {
  const browser = testBrowser({ after })
  let deployment: TestDeployment
  before(async () => {
    deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  })
  after(() => deployment.close())

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      test(`is whole and accessible in ${colorScheme} colours, ${width} pixels wide`, async () => {
        await browser.visit(`${deployment.url}/`, { width, colorScheme }, async ({ page }) => {
          await page.getByRole('heading', { level: 1 }).waitFor()
          assert.deepEqual(await accessibilityFindings(page), [])
          assert.equal(await overflowPx(page), 0)
          await screenshot(page, `home-${colorScheme}-${width}`)
        })
      })
    }
  }
})
