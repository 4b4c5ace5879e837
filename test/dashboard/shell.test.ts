// What surrounds every view: navigation, keys, colours, and what happens without the server's help.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Job } from '../../src/spec/job.js'
import {
  accessibilityFindings,
  needsBrowser,
  type Page,
  testBrowser,
  type Visit,
  type VisitOptions,
} from '../../testing/browser.js'
import { smallJob, startServer, type TestServer, uploadDataset } from '../../testing/test-server.js'

describe('the page around the views', needsBrowser, () => {
  const browser = testBrowser({ after })
  let server: TestServer
  let job: Job
  before(async () => {
    server = await startServer()
    await uploadDataset(server)
    job = (await server.api.post('/jobs').send(smallJob)).body
  })
  after(() => server.close())

  const visit = (
    place: string,
    work: (visit: Visit) => Promise<void>,
    options: VisitOptions = {},
  ) => browser.visit(`${server.url}/${place}`, { key: server.key, ...options }, work)
  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })

  const link = (page: Page, name: string) =>
    page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name })

  /** What has the focus: its role or tag, and its name. */
  const focused = (page: Page): Promise<string> =>
    page.evaluate(`(() => {
      const { tagName, ariaLabel, textContent, id } = document.activeElement
      return tagName.toLowerCase() + ' ' + (ariaLabel || textContent.trim() || id)
    })()`)

  test('the keyboard alone signs in, skips to the content, and goes through the views', () =>
    browser.visit(`${server.url}/`, {}, async ({ page, expectError }) => {
      expectError(/console: .*401 .*\/session/)
      await page.getByLabel('API key').waitFor()
      await page.keyboard.type(server.key)
      await page.keyboard.press('Enter')
      await heading(page, 'Jobs').waitFor()
      await page.keyboard.press('Tab')
      assert.equal(await focused(page), 'button Skip to the content')
      await page.keyboard.press('Enter')
      assert.match(await focused(page), /^main /)
      await page.keyboard.type('gd')
      await page.waitForURL('**/#/datasets')
      await page.keyboard.type('gm')
      await page.waitForURL('**/#/models')
      await page.keyboard.press('?')
      const dialog = page.getByRole('dialog', { name: 'Keys' })
      await dialog.waitFor()
      assert.deepEqual(await accessibilityFindings(page), [])
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      await page.keyboard.type('gj')
      await heading(page, 'Jobs').waitFor()
    }))

  test('Tab reaches every control of a view, and each shows that it has the focus', () =>
    visit('#/jobs', async ({ page }) => {
      await heading(page, 'Jobs').waitFor()
      const controls: string[] = await page.evaluate(`[...document.querySelectorAll(
        'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled)')]
        .filter(each => each.checkVisibility() && each.tabIndex >= 0)
        .map((each, i) => (each.dataset.control = String(i)))`)
      const reached = new Set<string>()
      // rows of tables and boxes that scroll take the focus too
      for (let presses = 0; reached.size < controls.length && presses < 100; presses++) {
        await page.keyboard.press('Tab')
        const [control, isShown] = (await page.evaluate(`(() => {
          const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement)
          const isOutlined = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0
          return [document.activeElement.dataset.control, isOutlined || boxShadow !== 'none']
        })()`)) as [string | undefined, boolean]
        if (control !== undefined) reached.add(control)
        assert.ok(isShown, `no outline around: ${await focused(page)}`)
      }
      assert.deepEqual([...reached].sort(), [...controls].sort())
    }))

  test('an address without a view says so and leads back', () =>
    visit('#/no/such/place', async ({ page }) => {
      await heading(page, 'Not found').waitFor()
      await page.getByRole('link', { name: 'Go to the jobs' }).click()
      await heading(page, 'Jobs').waitFor()
    }))

  test('a choice of colours stays after a reload, and other tabs follow', () =>
    visit('#/jobs', async ({ page, context }) => {
      const textColour = (tab: Page) =>
        tab.evaluate('getComputedStyle(document.body).color') as Promise<string>
      await heading(page, 'Jobs').waitFor()
      const second = await context.newPage()
      await second.goto(`${server.url}/#/jobs`)
      await heading(second, 'Jobs').waitFor()
      const light = await textColour(page)
      await page.getByRole('button', { name: 'Dark colours' }).click()
      const dark = await textColour(page)
      assert.notEqual(dark, light)
      await second.getByRole('button', { name: 'Light colours' }).waitFor()
      assert.equal(await textColour(second), dark)
      await page.reload()
      await page.getByRole('button', { name: 'Light colours' }).waitFor()
      assert.equal(await textColour(page), dark)
    }))

  test('what cannot be loaded says why and can be tried again', () =>
    visit('#/jobs', async ({ page, context, expectError }) => {
      expectError(/net::ERR_INTERNET_DISCONNECTED/)
      await heading(page, 'Jobs').waitFor()
      await link(page, 'Models').click()
      await heading(page, 'Jobs').waitFor({ state: 'detached' })
      await context.setOffline(true)
      await link(page, 'Jobs').click()
      const again = page.getByRole('alert').getByRole('button', { name: 'Try again' })
      await again.waitFor()
      await context.setOffline(false)
      await again.click()
      await page.getByText(job.name).first().waitFor()
      assert.equal(await page.getByRole('alert').count(), 0)
    }))
})
