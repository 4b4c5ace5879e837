// The view of the server in the dashboard: what runs, webhooks, and a restart.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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

describe('the view of the server', needsBrowser, () => {
  const browser = testBrowser({ after })
  let deployment: TestDeployment
  before(async () => {
    deployment = await TestDeployment.open({
      TRAINYARD_SPARE_TRAINERS: 'off',
      TRAINYARD_WEBHOOKS: 'private',
      TRAINYARD_PORT: String(await freePort()),
    })
    await uploadTable(deployment, 'wine')
  })
  after(() => deployment.close())

  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ] as const) {
    test(`is whole and accessible, ${width} pixels wide, in ${colorScheme} colours`, () =>
      browser.visit(
        `${deployment.url}/#/server`,
        { width, colorScheme, key: deployment.key },
        async ({ page }) => {
          const shown = { State: 'slot busy', Webhooks: 'There are no webhooks', Details: 'yours' }
          for (const [tab, text] of Object.entries(shown)) {
            await page.getByRole('link', { name: tab, exact: true }).click()
            await page.getByText(text).first().waitFor()
            assert.deepEqual(await accessibilityFindings(page), [], tab)
            assert.equal(await overflowPx(page), 0, tab)
            await screenshot(page, `server-${tab}-${colorScheme}-${width}`)
          }
        },
      ))
  }

  test('shows the job in a slot and those that wait, and goes on after a restart', () =>
    browser.visit(
      `${deployment.url}/#/server`,
      { key: deployment.key },
      async ({ page, expectError }) => {
        expectError(/net::ERR_/)
        const health = page.locator('.card', { hasText: 'Health' })
        await health.getByText('1 alive').waitFor()
        const submit = (name: string, priority = 0) =>
          deployment.client.jobs.submit({
            ...{ name, priority, dataset: 'wine' },
            model: { kind: 'boosting', rounds: 100_000 },
          })
        const running = await submit('in-the-slot')
        await page.getByText('1 of 1 slot busy').waitFor()
        const others = [await submit('later'), await submit('next', 100)]
        const rows = page.locator('.card', { hasText: 'Queue' }).locator('tbody tr')
        await rows
          .filter({ hasText: 'next' })
          .getByRole('cell', { name: '1', exact: true })
          .waitFor()
        await rows
          .filter({ hasText: 'later' })
          .getByRole('cell', { name: '2', exact: true })
          .waitFor()

        await deployment.stop()
        await page.getByText('The server does not answer').first().waitFor()
        await deployment.start()
        await page.getByText('The server does not answer').first().waitFor({ state: 'hidden' })
        // by now, the one of high priority may have taken the slot
        const slot = page.locator('.worker').getByRole('link', { name: /^(in-the-slot|next)$/ })
        await slot.waitFor()
        for (const { id } of [...others, running]) await deployment.client.jobs.act(id, 'cancel')
        await page.getByText('No job waits').waitFor()
        await page.getByText('0 of 1 slot busy').waitFor()
      },
    ))

  test('creates a webhook, pings it, shows its deliveries and deletes it', async () => {
    const received: { type: string; signature: string }[] = []
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', chunk => chunks.push(chunk))
      request.on('end', () => {
        const { type } = JSON.parse(Buffer.concat(chunks).toString())
        received.push({ type, signature: String(request.headers['webhook-signature']) })
        response.writeHead(received.length === 1 ? 204 : 503).end()
      })
    }).listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/<b>hook</b>`
    try {
      await browser.visit(
        `${deployment.url}/#/server?tab=webhooks`,
        { key: deployment.key },
        async ({ page, expectError }) => {
          expectError(/console: .*(400|422) .*\/webhooks/)
          await page.getByRole('button', { name: 'New webhook' }).click()
          const dialog = page.getByRole('dialog')
          await dialog.getByLabel('URL').fill('ftp://127.0.0.1/x')
          await dialog.getByRole('button', { name: 'Create' }).click()
          await dialog.locator('.field-error').waitFor()
          await dialog.getByLabel('URL').fill(url)
          await dialog.getByLabel('job queued').uncheck()
          await dialog.getByRole('button', { name: 'Create' }).click()
          const secret = (await dialog.getByText(/^whsec_/).textContent()) ?? ''
          assert.match(secret, /^whsec_[A-Za-z0-9+/=]{24,}$/)
          assert.deepEqual(await accessibilityFindings(page), [])
          await screenshot(page, 'server-webhook-secret')
          await dialog.getByRole('button', { name: 'I have copied it' }).click()

          const [webhook] = (await deployment.client.webhooks.list()).items
          assert.ok(webhook && !webhook.events.includes('job.queued'))
          assert.equal(webhook.events.length, 9)
          await page.getByRole('link', { name: 'Delivery log' }).click()
          await page.getByText('Nothing was sent yet').waitFor()
          await page.getByRole('button', { name: 'Send a ping' }).click()
          await page.getByText('Delivered: answer 204').waitFor()
          const rows = page.getByRole('region', { name: 'Deliveries' }).locator('tbody tr')
          await rows.filter({ hasText: 'delivered1 attempt: answered 204' }).waitFor()
          await page.getByRole('button', { name: 'Send a ping' }).click()
          await page.getByText('The ping was not delivered').waitFor()
          await rows.filter({ hasText: /failed1 attempt: .*503/ }).waitFor()
          assert.deepEqual(
            received.map(({ type }) => type),
            ['ping', 'ping'],
          )
          assert.deepEqual(await accessibilityFindings(page), [])
          await screenshot(page, 'server-deliveries')

          // the address has the open log
          await page.reload()
          await page.getByRole('row', { name: /ping failed/ }).waitFor()
          assert.equal(await page.getByText(secret).count(), 0)

          await page.getByRole('button', { name: /^Delete the webhook/ }).click()
          await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click()
          assert.equal((await deployment.client.webhooks.list()).total, 1)
          await page.getByRole('button', { name: /^Delete the webhook/ }).click()
          await page.getByRole('dialog').getByRole('button', { name: 'Delete the webhook' }).click()
          await page.getByText('There are no webhooks').waitFor()
          assert.equal((await deployment.client.webhooks.list()).total, 0)
        },
      )
    } finally {
      receiver.close()
    }
  })
})
