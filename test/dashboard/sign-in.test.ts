// Signing in and out, as a user does it in a browser.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { needsBrowser, type Page, testBrowser, type Visit } from '../../testing/browser.js'
import { smallJob, startServer, type TestServer, uploadDataset } from '../../testing/test-server.js'

describe('signing in', needsBrowser, () => {
  const browser = testBrowser({ after })
  let server: TestServer
  before(async () => {
    server = await startServer()
    await uploadDataset(server)
  })
  after(() => server.close())

  const keyField = (page: Page) => page.getByLabel('API key')
  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })
  const link = (page: Page, name: string) =>
    page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name })

  /** Opens a place of the page as a user who has not signed in. */
  const visitAsStranger = (place: string, work: (visit: Visit) => Promise<void>) =>
    browser.visit(`${server.url}/${place}`, {}, async visit => {
      // the browser reports every answer of 401
      visit.expectError(/console: .*401 .*\/session/)
      await work(visit)
    })

  async function leaveJobs(page: Page) {
    await link(page, 'Models').click()
    await heading(page, 'Jobs').waitFor({ state: 'detached' })
  }

  async function signIn(page: Page, key: string) {
    await keyField(page).fill(key)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  test('a wrong key is rejected with the reason, and the right one leads to the place asked for', () =>
    visitAsStranger('#/jobs?status=running', async ({ page }) => {
      await keyField(page).and(page.locator(':focus')).waitFor()
      await signIn(page, 'wrong')
      await page.getByText(/key is not valid/).waitFor()
      assert.equal(await keyField(page).getAttribute('aria-invalid'), 'true')
      await keyField(page).fill(`  ${server.key}\n`)
      await keyField(page).press('Enter')
      await heading(page, 'Jobs').waitFor()
      assert.equal(new URL(page.url()).hash, '#/jobs?status=running')
    }))

  test('no script of the page can read the key or the session', () =>
    visitAsStranger('', async ({ page, context }) => {
      await signIn(page, server.key)
      await heading(page, 'Jobs').waitFor()
      const readable = await page.evaluate(
        'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state])',
      )
      assert.ok(!String(readable).includes(server.key), String(readable))
      const [cookie, ...others] = await context.cookies()
      assert.deepEqual(others, [])
      assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.expires], [true, 'Strict', -1])
      assert.ok(!cookie?.value.includes(server.key))
      assert.ok(!String(readable).includes(cookie!.value), String(readable))
    }))

  test('who asks to stay signed in has a cookie that outlives the browser', () =>
    visitAsStranger('', async ({ page, context }) => {
      await page.getByLabel('Stay signed in').check()
      await signIn(page, server.key)
      await heading(page, 'Jobs').waitFor()
      const [cookie] = await context.cookies()
      const days = (cookie!.expires - Date.now() / 1000) / 86_400
      assert.ok(days > 1, `${days}`)
    }))

  test('a reload, a second tab and the back button need no second sign-in', () =>
    visitAsStranger('#/jobs', async ({ page, context }) => {
      await signIn(page, server.key)
      await heading(page, 'Jobs').waitFor()
      await page.reload()
      await heading(page, 'Jobs').waitFor()
      await leaveJobs(page)
      await page.goBack()
      await heading(page, 'Jobs').waitFor()
      await page.goForward()
      await heading(page, 'Jobs').waitFor({ state: 'detached' })
      const second = await context.newPage()
      await second.goto(`${server.url}/#/jobs`)
      await heading(second, 'Jobs').waitFor()
    }))

  test('who signs in or out in one tab does so in all of them', () =>
    visitAsStranger('#/jobs', async ({ page, context }) => {
      await keyField(page).waitFor()
      const second = await context.newPage()
      await second.goto(`${server.url}/#/jobs`)
      await signIn(second, server.key)
      for (const tab of [page, second]) await heading(tab, 'Jobs').waitFor()
      await page.getByRole('button', { name: 'Sign out' }).click()
      for (const tab of [page, second]) await keyField(tab).waitFor()
      assert.deepEqual(await context.cookies(), [])
      // the back button does not show what was there
      await page.goBack()
      await page.goForward()
      await keyField(page).waitFor()
    }))

  test('whose session has ended signs in again, and goes on at the same place', () =>
    visitAsStranger('#/jobs', async ({ page, context, expectError }) => {
      expectError(/console: .*401 .*\/jobs/)
      await signIn(page, server.key)
      await heading(page, 'Jobs').waitFor()
      await leaveJobs(page)
      await context.clearCookies()
      await link(page, 'Jobs').click()
      await keyField(page).waitFor()
      await signIn(page, server.key)
      await heading(page, 'Jobs').waitFor()
      // the page follows changes again
      await server.api.post('/jobs').send({ ...smallJob, name: 'after-the-sign-in' })
      await page.getByText('after-the-sign-in').waitFor()
    }))
})
