// Data sets as a user makes, looks at and changes them in a browser.
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Client } from '../../src/client/client.js'
import { encodePng } from '../../src/formats/png.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  type Page,
  screenshot,
  testBrowser,
  type Visit,
} from '../../testing/browser.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { startServer, type TestServer } from '../../testing/test-server.js'

/** A class whose name would be an element if it were taken as HTML. */
const markup = '<img src=x onerror=alert(1)>'

describe('data sets in the dashboard', needsBrowser, () => {
  const browser = testBrowser({ after })
  let server: TestServer
  let client: Client
  let folder: string
  before(async () => {
    server = await startServer()
    client = new Client({ url: server.url, key: server.key, retryForMs: 0 })
    folder = await tempFolder({ after })
  })
  after(() => server.close())

  const visit = (place: string, work: (visit: Visit) => Promise<void>, width = 1280) =>
    browser.visit(`${server.url}/${place}`, { key: server.key, width }, work)

  const fileInput = (page: Page) => page.locator('input[type=file]').first()
  const folderInput = (page: Page) => page.locator('input[type=file]').nth(1)
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
  const tab = (page: Page, name: string) =>
    page.getByRole('navigation', { name: 'Parts' }).getByRole('link', { name, exact: true })

  /** A folder with one folder of PNGs for each class. */
  async function imageFolder(name: string, classes: readonly string[], count = 6) {
    for (const [shade, each] of classes.entries()) {
      const path = join(folder, name, each)
      await mkdir(path, { recursive: true })
      for (let i = 0; i < count; i++) {
        const pixels = new Uint8Array(12 * 12 * 3).fill(40 + 80 * shade + 5 * i)
        await writeFile(
          join(path, `${i}-ä.png`),
          encodePng(pixels, { height: 12, width: 12, channels: 3 }),
        )
      }
    }
    return join(folder, name)
  }

  test('a folder becomes a data set with its folders as classes, and its images can be seen', () =>
    visit('#/datasets', async ({ page }) => {
      await page.getByRole('link', { name: 'Make the first data set' }).click()
      await folderInput(page).setInputFiles(await imageFolder('shades', ['dark', markup]))
      await page.getByText('shades (12 files)').waitFor()
      await button(page, 'Upload').click()
      await page.getByRole('link', { name: 'Look at it' }).click()

      await page.getByRole('heading', { name: 'Balance of classes' }).waitFor()
      const { labels, records } = (await client.datasets.get('shades')) as ImagesManifest
      assert.deepEqual([labels, records], [[markup, 'dark'], 12])
      await page.getByRole('link', { name: markup }).waitFor()
      assert.deepEqual(await accessibilityFindings(page), [])
      await screenshot(page, 'dataset-overview')

      await tab(page, 'Images').click()
      const dark = page.getByRole('button', { name: /^dark, image/ })
      await dark.first().waitFor()
      assert.equal(await dark.count(), 6)
      await dark.first().click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText(/shades\/dark\/\d-ä\.png$/).waitFor()
      const opened = page.url()
      await page.keyboard.press('ArrowRight')
      await page.waitForURL(url => url.href !== opened)
      await dialog.getByText(/shades\/dark\/\d-ä\.png$/).waitFor()
      await screenshot(page, 'dataset-image')
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }))

  test('a large folder is packed a part at a time, and the page says how far it is', () =>
    visit('#/new-dataset', async ({ page }) => {
      await folderInput(page).setInputFiles(await imageFolder('many', ['dark', 'light'], 300))
      await page.getByText('many (600 files)').waitFor()
      await page.evaluate(`
        window.said = new Set()
        new MutationObserver(() => {
          const text = /Packing the files: \\d+ of 600/.exec(document.body.textContent)
          if (text) window.said.add(text[0])
        }).observe(document.body, { subtree: true, childList: true, characterData: true })`)
      await button(page, 'Upload').click()
      await page.getByRole('link', { name: 'Look at it' }).click()
      await page.getByRole('heading', { name: 'Balance of classes' }).waitFor()
      assert.equal((await client.datasets.get('many')).records, 600)
      const said: string[] = await page.evaluate('[...window.said]')
      assert.ok(said.includes('Packing the files: 250 of 600'), said.join())
    }))

  test('an image that cannot be read is named with its reason', () =>
    visit('#/new-dataset', async ({ page }) => {
      const path = await imageFolder('damaged', ['dark', 'light'])
      await writeFile(join(path, 'light', 'broken.png'), 'no image')
      await folderInput(page).setInputFiles(path)
      await button(page, 'Upload').click()
      const problem = page.getByRole('alert').filter({ hasText: 'light/broken.png' })
      await problem.first().waitFor()
      await screenshot(page, 'dataset-refused')
      await button(page, 'Discard').click()
      await problem.first().waitFor({ state: 'detached' })
    }))

  const csv = [
    'size,kind',
    ...Array.from({ length: 60 }, (_, i) => `${i},${i % 2 ? `"${markup}"` : 'b'}`),
  ].join('\n')

  test('a table is uploaded by drag and drop, shown, filtered and compared', () =>
    visit('#/new-dataset', async ({ page }) => {
      const transfer = await page.evaluateHandle(
        `(() => {
          const transfer = new DataTransfer()
          transfer.items.add(new File([${JSON.stringify(csv)}], 'stones.csv'))
          return transfer
        })()`,
      )
      await page
        .getByLabel('Files of the data set')
        .dispatchEvent('drop', { dataTransfer: transfer })
      await page.getByText('stones.csv').waitFor()
      await page.getByLabel('Target column').fill('kind')
      await button(page, 'Upload').click()
      await page.getByRole('link', { name: 'Look at it' }).click()
      await page.getByRole('heading', { name: 'Balance of the target kind' }).waitFor()

      await tab(page, 'Columns').click()
      await page.getByRole('img', { name: /^Values of size/ }).waitFor()
      await tab(page, 'Rows').click()
      await page.getByText('Rows 1 to 50 of 60').waitFor()
      await button(page, 'Next').click()
      await page.getByText('Rows 51 to 60 of 60').waitFor()
      await page.getByRole('cell', { name: markup }).first().waitFor()

      await tab(page, 'Derive').click()
      await page.getByLabel('Name').fill('stones')
      await page.getByLabel('Conditions').fill('size>=20')
      await button(page, 'Derive').click()
      await page.getByText('40 rows, 2 columns').waitFor()
      await page.getByRole('link', { name: 'Look at it' }).click()
      await tab(page, 'Versions').click()
      await button(page, 'Compare').first().click()
      await page.getByText('60 → 40').waitFor()
      await screenshot(page, 'dataset-versions')
    }))

  test('an upload goes on after the connection breaks, and after the page is opened again', () =>
    visit('#/new-dataset', async ({ page, context, expectError }) => {
      expectError(/failed request: PATCH/)
      expectError(/console: .*ERR_/)
      let parts = 0
      await context.route('**/uploads/*', async route => {
        if (route.request().method() !== 'PATCH') return route.continue()
        parts++
        // the second attempt of the page is broken, too: then the user closes it
        return parts <= 2 ? route.abort('connectionreset') : route.continue()
      })
      const path = join(folder, 'resumed.csv')
      await writeFile(path, csv)
      await fileInput(page).setInputFiles(path)
      await button(page, 'Upload').click()
      await page.getByText('connection lost').waitFor()
      while (parts < 2) await page.waitForTimeout(100)
      await page.close()

      const later = await context.newPage()
      const created: string[] = []
      later.on('request', request => {
        if (request.method() === 'POST' && request.url().endsWith('/uploads')) created.push('one')
      })
      await later.goto(`${server.url}/#/new-dataset`)
      await later.getByText('was interrupted').waitFor()
      await fileInput(later).setInputFiles(path)
      await button(later, 'Upload').click()
      await later.getByRole('link', { name: 'Look at it' }).waitFor()
      assert.deepEqual(created, [])
      assert.equal((await client.datasets.get('resumed')).records, 60)
    }))

  test('a data set is deleted after a question, and leaves the list of others', () =>
    visit(
      '#/datasets',
      async ({ page }) => {
        await client.datasets.push('gone', [
          { name: 'gone.csv', content: new Blob([`${csv}\n99,c`]) },
        ])
        await page.getByRole('link', { name: 'gone', exact: true }).click()
        await page.getByRole('heading', { level: 1, name: 'gone' }).waitFor()
        await button(page, 'Delete').click()
        await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
        await page.getByRole('heading', { level: 1, name: 'Data sets' }).waitFor()
        await page.getByRole('columnheader', { name: 'Records' }).waitFor()
        await page.getByRole('link', { name: 'gone', exact: true }).waitFor({ state: 'detached' })
        assert.equal(await overflowPx(page), 0)
        await screenshot(page, 'datasets-phone')
      },
      390,
    ))
})
