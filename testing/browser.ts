// Chrome or Chromium, which opens pages of a server as its users do. `npm test` installs it where it can.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { CleanupScope } from './temp-folder.js'

export type { BrowserContext, Locator, Page } from 'playwright-core'

const marker = join(
  fileURLToPath(new URL('../../', import.meta.url)),
  ...['node_modules', '.trainyard', 'browser.json'],
)
const installed: { path?: string; missing?: string } = existsSync(marker)
  ? JSON.parse(readFileSync(marker, 'utf8'))
  : { missing: 'no browser was looked for; `npm test` finds or installs one' }
const program = process.env.CHROME_PATH || installed.path

/** Options of a test that opens pages. */
export const needsBrowser: { skip: string | false } = {
  skip: program ? false : installed.missing!,
}

/** A machine that runs other tests beside this one is slow. */
const timeoutMs = 60_000

export interface VisitOptions {
  width?: number
  height?: number
  colorScheme?: 'light' | 'dark'
  /** The user has signed in with this key before. */
  key?: string
}

export interface Visit {
  page: Page
  /** The tabs of one user, who has no other cookies and storage than those of this visit. */
  context: BrowserContext
  /**
   * The visit fails at its end unless the browser has reported an error that matches, and does not fail for such
   * errors.
   */
  expectError(pattern: RegExp): void
}

export interface TestBrowser {
  /**
   * Opens `url` as a new user, and calls `work`. Afterwards it fails if the browser has reported an error in any tab:
   * one in the console (which include answers of 4xx and 5xx, and what the page's own policy blocks), an exception, a
   * request that failed or went to another server, a dialog, or a crash.
   */
  visit<T>(url: string, options: VisitOptions, work: (visit: Visit) => Promise<T>): Promise<T>
}

export async function launchBrowser(): Promise<Browser> {
  if (!program) throw new Error(String(needsBrowser.skip))
  return chromium.launch({
    executablePath: program,
    // Chrome's sandbox does not start as root
    chromiumSandbox: process.getuid?.() !== 0,
    timeout: timeoutMs,
  })
}

/** One browser for a test file, which starts with the first visit. */
export function testBrowser(scope: CleanupScope): TestBrowser {
  let starting: Promise<Browser> | null = null
  scope.after(async () => (await starting)?.close())
  return {
    async visit<T>(url: string, options: VisitOptions, work: (visit: Visit) => Promise<T>) {
      starting ??= launchBrowser()
      const browser = await starting
      const { width = 1280, height = 800, colorScheme = 'light' } = options
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme,
        locale: 'en-GB',
        timezoneId: 'UTC',
        reducedMotion: 'reduce',
      })
      context.setDefaultTimeout(timeoutMs)
      const errors = watch(context, new URL(url).origin)
      const expected: RegExp[] = []
      let result: T
      try {
        if (options.key) await startSession(context, url, options.key)
        const page = await context.newPage()
        await page.goto(url)
        result = await work({ page, context, expectError: one => void expected.push(one) })
      } catch (error) {
        throw errors.length > 0 ? withErrors(error, errors) : error
      } finally {
        await context.close()
      }
      check(errors, expected)
      return result
    },
  }
}

/** Signs in: the pages of the context have the cookie. */
export async function startSession(
  context: BrowserContext,
  url: string,
  key: string,
): Promise<void> {
  const headers = { 'x-trainyard-session': '1' }
  const answer = await context.request.post(new URL('/session', url).href, {
    headers,
    data: { key },
  })
  if (!answer.ok())
    throw new Error(`signing in failed with ${answer.status()}: ${await answer.text()}`)
}

/** The errors that the browser reports from now on. */
function watch(context: BrowserContext, origin: string): string[] {
  const errors: string[] = []
  context.on('console', message => {
    if (message.type() !== 'error') return
    errors.push(`console: ${message.text()} (${message.location().url})`)
  })
  context.on('weberror', found => errors.push(`exception: ${found.error().stack}`))
  context.on('dialog', dialog => {
    errors.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  context.on('request', request => {
    const url = new URL(request.url())
    const isLocal = ['data:', 'blob:'].includes(url.protocol)
    if (!isLocal && url.origin !== origin) errors.push(`request to another server: ${url}`)
  })
  context.on('requestfailed', request => {
    const reason = request.failure()?.errorText ?? 'unknown'
    // the page itself gave it up, or was left
    if (reason === 'net::ERR_ABORTED') return
    errors.push(`failed request: ${request.method()} ${request.url()}: ${reason}`)
  })
  context.on('page', page => page.on('crash', () => errors.push(`crash: ${page.url()}`)))
  return errors
}

function check(errors: readonly string[], expected: readonly RegExp[]): void {
  const unexpected = errors.filter(error => !expected.some(pattern => pattern.test(error)))
  const missing = expected.filter(pattern => !errors.some(error => pattern.test(error)))
  const lines = [
    ...unexpected.map(error => `the browser reported: ${error}`),
    ...missing.map(pattern => `the browser reported no error like ${pattern}`),
  ]
  if (lines.length > 0) throw new Error(lines.join('\n'))
}

/** Often the errors of the browser are why a test failed. */
const withErrors = (cause: unknown, errors: readonly string[]) =>
  new Error(`${(cause as Error).message}\nthe browser reported:\n${errors.join('\n')}`, { cause })

/** Half the size of what the package exports: each page compiles it anew. */
const axeScript = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
let axeSource: string | undefined
/** Those whose style sheets were checked. */
const checkedContexts = new WeakSet<BrowserContext>()

/** What axe-core finds on the page that keeps people from using it: its serious and critical findings. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  axeSource ??= readFileSync(axeScript, 'utf8')
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(axeSource)
  // for rules of style sheets, axe loads and parses them once more; all views have the same
  const preload = !checkedContexts.has(page.context())
  checkedContexts.add(page.context())
  const results: AxeResults = await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'], preload: ${preload} })`,
  )
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, impact, help, nodes }) =>
      nodes.map(({ target, html }) => `${impact}: ${help} (${id}) at ${target}: ${html}`),
    )
}

/** How much wider the page is than its window: then a reader has to scroll sideways. */
export const overflowPx = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

/** Saves a picture of the whole page as NAME.png in the folder BROWSER_SCREENSHOTS; without that variable, does nothing. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.BROWSER_SCREENSHOTS
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
