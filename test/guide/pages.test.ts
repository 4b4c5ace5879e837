// The guide as its readers see it.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { guideFolder } from '../../src/places.js'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  type Page,
  screenshot,
  testBrowser,
} from '../../testing/browser.js'
import { startServer, type TestServer } from '../../testing/test-server.js'

/** Pages that have all that pages are made of: lists, tables, code, alerts, pictures. */
const looks = ['', 'own-table', 'follow', 'several-users', 'help']

describe('the guide in a browser', needsBrowser, () => {
  const browser = testBrowser({ after })
  let server: TestServer
  let slugs: string[]
  before(async () => {
    assert.ok(existsSync(guideFolder), 'the guide has not been built: run npm run build')
    slugs = readdirSync(guideFolder)
      .filter(name => name.endsWith('.html') && name !== 'not-found.html')
      .map(name => name.replace(/(^index)?\.html$/, ''))
    server = await startServer()
  })
  after(() => server.close())
  const at = (path: string) => `${server.url}/docs/guide/${path}`

  for (const [width, colorScheme] of [
    [1400, 'light'],
    [390, 'dark'],
  ] as const) {
    test(`every page is whole and accessible, ${width} pixels wide, in ${colorScheme} colours`, () =>
      browser.visit(at(''), { width, colorScheme }, async ({ page }) => {
        for (const slug of slugs) {
          await page.goto(at(slug))
          // all pages are made alike, and axe takes seconds for a long one
          if (width > 1000 || looks.includes(slug))
            assert.deepEqual(await accessibilityFindings(page), [], slug)
          assert.equal(await overflowPx(page), 0, slug)
          await screenshot(page, `guide-${slug || 'index'}-${colorScheme}-${width}`)
        }
      }))
  }

  test('the search finds a section, by keyboard alone', () =>
    browser.visit(at('jobs'), {}, async ({ page }) => {
      await page.keyboard.press('/')
      await page.keyboard.type('idempotency key')
      await page.locator('.found a').first().waitFor()
      await page.keyboard.press('ArrowDown')
      assert.match(await focusedText(page), /Idempotency-Key/)
      await page.keyboard.press('Enter')
      await page.waitForURL(/jobs#submit-safely-with-an-idempotency-key$/)
      await page.keyboard.press('/')
      await page.keyboard.press('Escape')
      assert.equal(await page.locator('.found').isVisible(), false)
    }))

  test('a word that is nowhere is said not to be found', () =>
    browser.visit(at(''), {}, async ({ page }) => {
      await page.getByRole('searchbox').fill('xyzzyplugh')
      await page.getByText('Nothing found').waitFor()
    }))

  test('the choice of colours holds for all pages, and for the dashboard', () =>
    browser.visit(at(''), { colorScheme: 'light' }, async ({ page, expectError }) => {
      // the dashboard asks who is signed in
      expectError(/401/)
      const background = () =>
        page.evaluate(`getComputedStyle(document.body.parentElement).backgroundColor`)
      const light = await background()
      await page.getByRole('button', { name: 'Dark colours' }).click()
      const dark = await background()
      assert.notEqual(dark, light)
      await page.goto(at('jobs'))
      assert.equal(await background(), dark)
      await page.goto(`${server.url}/`)
      await page.locator('.sign-in').waitFor()
      assert.equal(await background(), dark)
    }))

  test('without scripts all text and navigation are there', () =>
    browser.visit(at('jobs'), {}, async ({ context }) => {
      const page = await context.newPage()
      await page.route('**/*.js', route =>
        route.fulfill({ contentType: 'text/javascript', body: '' }),
      )
      await page.goto(at('own-table'))
      assert.equal(await page.locator('.search').isVisible(), false)
      await page.getByRole('link', { name: 'Next' }).click()
      await page.waitForURL(/docs\/guide\/(?!own-table)/)
    }))

  test('a reader of the first page reaches the text by one key, and copies a command', () =>
    browser.visit(at('own-table'), {}, async ({ page, context }) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write'])
      await page.keyboard.press('Tab')
      assert.equal(await focusedText(page), 'Skip to the content')
      await page.getByRole('button', { name: 'Copy' }).first().click()
      const copied = await page.evaluate('navigator.clipboard.readText()')
      assert.match(String(copied), /^URL=http/)
    }))
})

const focusedText = async (page: Page) =>
  String(await page.evaluate('document.activeElement.textContent'))
