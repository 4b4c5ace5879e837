// Every view of the page, with data whose texts are markup.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  type Page,
  screenshot,
  testBrowser,
} from '../../testing/browser.js'
import { startServer, type TestServer } from '../../testing/test-server.js'
import { classesOfImages, createMarkupData, type MarkupData, markup } from './markup.js'

const source = readFileSync(
  fileURLToPath(new URL('../../../src/dashboard/views.ts', import.meta.url)),
  'utf8',
)
/** The addresses of the views, such as `/jobs/:id`. */
const patterns = [...source.matchAll(/pattern: '([^']+)'/g)].map(([, pattern]) => pattern!)

/** What a text would have become if the page had taken it for HTML. */
const injected = `main :is(script, style, iframe, [onerror], [onload], [onmouseover], img[src="x"],
  a[href^="javascript:" i], a[href^="data:text" i])`

describe('every view', needsBrowser, () => {
  const browser = testBrowser({ after })
  let server: TestServer
  let data: MarkupData
  before(async () => {
    server = await startServer({ webhooks: 'private' })
    data = await createMarkupData(server)
  })
  after(() => server.close())

  /** The view that an address leads to, and its part: places that differ in data only are the same. */
  function kindOf(hash: string): string | null {
    const [path = '', query = ''] = hash.slice(1).split(/\?(.*)/s)
    const segments = path.split('/')
    const pattern = patterns
      .filter(each => each.split('/').length === segments.length)
      .find(each =>
        each.split('/').every((part, i) => part.startsWith(':') || part === segments[i]),
      )
    if (!pattern) return null
    const parameters = [...new URLSearchParams(query)].map(([name, value]) =>
      ['tab', 'part'].includes(name) ? `${name}=${value}` : name,
    )
    return [pattern, ...parameters.sort()].join(' ')
  }

  let opened = 0
  /** Opens a place as a page of its own, and waits until all that it shows is loaded. */
  async function open(page: Page, hash: string) {
    await page.goto(`${server.url}/?${opened++}${hash}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.locator('.loading, [aria-busy="true"]').first().waitFor({ state: 'detached' })
  }

  /** Goes through the page by its links, and calls `check` once for each kind of place. */
  async function crawl(page: Page, check: (hash: string, kind: string) => Promise<void>) {
    const { table, images, jobs, model } = data
    const start = [
      ...['/jobs', '/datasets', '/models', '/server', '/jobs/new', `/models/${model}`],
      ...Object.values(jobs).map(id => `/jobs/${id}`),
      ...['logs', 'metrics'].map(tab => `/jobs/${jobs.running}?tab=${tab}`),
      ...[table, images].map(id => `/datasets/${id}`),
      // the button that leads there needs jobs to be chosen
      `/compare?jobs=${jobs.running},${jobs.succeeded}`,
    ].map(path => `#${path}`)
    const seen = new Set<string>()
    const queue = start.filter(hash => hash !== '#/jobs/new' || patterns.includes('/jobs/new'))
    const listed = new Set(queue)
    for (let hash = queue.shift(); hash !== undefined; hash = queue.shift()) {
      const kind = kindOf(hash)
      if (kind === null || (seen.has(kind) && !listed.delete(hash))) continue
      seen.add(kind)
      listed.delete(hash)
      await open(page, hash)
      await check(hash, kind)
      queue.push(
        ...((await page.evaluate(
          `[...document.querySelectorAll('main a[href^="#"]')].map(each => each.getAttribute('href'))`,
        )) as string[]),
      )
    }
    const missed = patterns.filter(each => ![...seen].some(kind => kind.split(' ')[0] === each))
    return missed.map(pattern => `no link leads to ${pattern}`)
  }

  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 390],
  ] as const) {
    test(`is whole and accessible in ${colorScheme} colours, ${width} pixels wide, and takes no text for HTML`, async () => {
      await browser.visit(
        `${server.url}/`,
        { key: server.key, colorScheme, width },
        async ({ page }) => {
          const findings: string[] = []
          const missed = await crawl(page, async (hash, kind) => {
            await screenshot(page, `${kind.replaceAll(/\W+/g, '-')}-${colorScheme}-${width}`)
            const overflow = await overflowPx(page)
            if (overflow > 0) findings.push(`${hash} is ${overflow} pixels wider than the window`)
            for (const alert of await page.getByRole('alert').allTextContents()) {
              if (!alert.startsWith('It failed')) findings.push(`${hash} shows an error: ${alert}`)
            }
            for (const element of await page.locator(injected).all())
              findings.push(
                `${hash} has HTML of a user: ${await element.evaluate('e => e.outerHTML')}`,
              )
            for (const finding of await accessibilityFindings(page))
              findings.push(`${hash}: ${finding}`)
          })
          assert.deepEqual([...findings, ...missed], [])
        },
      )
    })
  }

  test('shows markup as text', () =>
    browser.visit(`${server.url}/`, { key: server.key }, async ({ page }) => {
      const { jobs, table, images } = data
      const shown: Record<string, readonly string[]> = {
        [`#/jobs/${jobs.failed}`]: markup,
        [`#/jobs/${jobs.running}?tab=logs`]: markup,
        [`#/datasets/${table}?tab=rows`]: markup,
        [`#/datasets/${images}`]: classesOfImages,
      }
      for (const [hash, texts] of Object.entries(shown)) {
        await open(page, hash)
        for (const text of texts) await page.getByText(text).first().waitFor()
      }
    }))
})
