import { setTimeout as sleep } from 'node:timers/promises'
import { launchBrowser, type Page, startSession } from '../../testing/browser.js'
import { within } from '../../testing/eventually.js'

const timeoutMs = 300_000

/** Calls `work` with the page of a user who has signed in, in a browser of its own. */
export const withPage = <T>(
  url: string,
  key: string,
  work: (page: Page) => Promise<T>,
): Promise<T> =>
  withBrowserPage(async page => {
    await startSession(page.context(), url, key)
    return work(page)
  })

/** Calls `work` with an empty page, in a browser of its own. */
export async function withBrowserPage<T>(work: (page: Page) => Promise<T>): Promise<T> {
  const browser = await launchBrowser()
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    context.setDefaultTimeout(timeoutMs)
    return await work(await context.newPage())
  } finally {
    await browser.close()
  }
}

/**
 * Milliseconds from `since`, an expression of the page such as `0`, the start of its navigation, to the frame in
 * which `condition` holds. `now` is the clock.
 */
export async function timeUntil(
  page: Page,
  condition: string,
  { since = '0', now = 'performance.now()' } = {},
): Promise<number> {
  // Playwright's waitForFunction compiles text later, which the page's policy forbids
  const found = page.evaluate(`new Promise(resolve => {
    const check = () => (${condition}) ? resolve(${now} - (${since})) : requestAnimationFrame(check)
    check()
  })`)
  return Number(await within(condition, found, { timeoutMs }))
}

/** Leads an open page to another place, as a click on a link does. */
export async function timeToPlace(page: Page, hash: string, condition: string): Promise<number> {
  await page.evaluate(`window.left = performance.now(); location.hash = ${JSON.stringify(hash)}`)
  return timeUntil(page, condition, { since: 'window.left' })
}

/** Bytes of JavaScript objects that are in use, and the elements of the page, after a garbage collection. */
export async function memoryOf(page: Page): Promise<{ heapBytes: number; nodes: number }> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  await session.send('HeapProfiler.collectGarbage')
  await sleep(500)
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  const readMetric = (name: string) =>
    metrics.find(metric => metric.name === name)?.value ?? Number.NaN
  return { heapBytes: readMetric('JSHeapUsedSize'), nodes: readMetric('Nodes') }
}
