import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import {
  accessibilityFindings,
  needsBrowser,
  overflowPx,
  testBrowser,
} from '../../testing/browser.js'

const pages: Record<string, string> = {
  '/good': '<html lang="en"><title>Good</title><main><h1>Good</h1></main>',
  '/console': "<script>console.error('no good')</script>",
  '/exception': '<script>undefined.name</script>',
  '/missing-picture': '<img src="/no-such-picture.png" alt="">',
  '/elsewhere': '<img src="http://127.0.0.2:9/picture.png" alt="">',
  '/policy': '<style>p { color: red }</style>',
  '/dialog': '<script>alert(1)</script>',
  '/wide': '<p style="width: 3000px">wide</p>',
  '/unnamed':
    '<html lang="en"><title>Unnamed</title><main><h1>Unnamed</h1><button></button></main>',
}

describe('a visit of a browser', needsBrowser, () => {
  const browser = testBrowser({ after })
  let url: string
  const server = createServer(({ url: path }, response) => {
    const page = pages[path!]
    // a browser may ask for an icon at any time
    response.statusCode = page || path === '/favicon.ico' ? 200 : 404
    response.setHeader('content-type', 'text/html')
    if (path === '/policy') response.setHeader('content-security-policy', "style-src 'none'")
    response.end(page && `<!doctype html>${page}`)
  })
  before(async () => {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())
  const visit = (path: string) => browser.visit(`${url}${path}`, {}, async () => {})

  test('passes on a page without errors', () => visit('/good'))

  const failures: Record<string, RegExp> = {
    '/console': /console: no good/,
    '/exception': /exception: TypeError/,
    '/missing-picture': /console: .* 404 .*no-such-picture/,
    '/elsewhere': /request to another server: http:\/\/127\.0\.0\.2:9\/picture\.png/,
    '/policy': /console: .*Content Security Policy/,
    '/dialog': /dialog: 1/,
  }
  for (const [path, expected] of Object.entries(failures)) {
    test(`fails on the error of ${path}`, () => assert.rejects(visit(path), expected))
  }

  test('passes on an error that the test expects, and fails without it', async () => {
    const expecting = (path: string) =>
      browser.visit(`${url}${path}`, {}, async ({ expectError }) => expectError(/no good/))
    await expecting('/console')
    await assert.rejects(expecting('/good'), /reported no error like \/no good\//)
  })

  test('tells what the browser reported if the test fails', async () => {
    const failing = browser.visit(`${url}/console`, {}, async () => assert.fail('first'))
    await assert.rejects(failing, /first\nthe browser reported:\nconsole: no good/)
  })

  test('finds what is not accessible, and what is too wide', async () => {
    await browser.visit(`${url}/unnamed`, {}, async ({ page }) => {
      assert.match((await accessibilityFindings(page)).join(), /^critical: Buttons must have/)
      assert.equal(await overflowPx(page), 0)
    })
    await browser.visit(`${url}/wide`, {}, async ({ page }) =>
      assert.ok((await overflowPx(page)) > 1000),
    )
  })
})
