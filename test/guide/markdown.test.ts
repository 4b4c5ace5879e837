import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importScript } from '../scripts/scripts.js'

const { renderMarkdown } = await importScript('guide/markdown.mjs')
const render = (source: string) =>
  renderMarkdown(`# Title\n\n${source}`, (href: string) => `to:${href}`)

test('headings have the anchors that GitHub gives them', () => {
  const { headings, html } = render(
    '## `GET /jobs` & more, 2.0!\n\n## Same\n\n## Same\n\n### Die Straße',
  )
  assert.deepEqual(
    headings.map(({ id }: { id: string }) => id),
    ['title', 'get-jobs--more-20', 'same', 'same-1', 'die-straße'],
  )
  assert.match(html, /<h2 id="same-1">/)
})

test('links and pictures lead to where they are on the site', () => {
  const { html } = render(
    'See [jobs](jobs.md#order) and ![a curve](images/a.png).\n\n<picture>\n<source srcset="images/b.png">\n<img src="images/a.png" alt="">\n</picture>',
  )
  assert.match(html, /<a href="to:jobs.md#order">jobs<\/a>/)
  assert.match(html, /<img src="to:images\/a.png" alt="a curve"/)
  assert.match(html, /<source srcset="to:images\/b.png">/)
})

test("GitHub's alerts become boxes, and other quotes stay quotes", () => {
  assert.match(
    render('> [!WARNING]\n> Mind the gap.').html,
    /<div class="alert warning"><p class="alert-title">Warning<\/p>\s*<p>Mind the gap\.<\/p>/,
  )
  assert.match(render('> [!GAP]\n> No alert.').html, /<blockquote>/)
})

test('code is coloured without a script or a style, and is never HTML', () => {
  const { html } = render('```ts\nconst a: string = "<b>"\n```\n\n```unknown\n<i>\n```')
  assert.match(html, /<span class="hljs-keyword">const<\/span>/)
  assert.match(html, /&quot;&lt;b&gt;&quot;/)
  assert.match(html, /<code>&lt;i&gt;\n<\/code>/)
  assert.doesNotMatch(html, /style=|<b>|<i>/)
})

test('comments, such as which test runs a block, are not on the page', () => {
  assert.doesNotMatch(render('<!-- run by a test -->\n```bash\nls\n```').html, /run by/)
})

test('the search knows the text of each section as readers see it', () => {
  const { sections, summary } = render(
    'An *easy* start & `more`.\n\n## Steps\n\n- one\n- two\n\n| a | b |\n| - | - |\n| 1 | 2 |',
  )
  assert.equal(summary, 'An easy start & more.')
  assert.deepEqual(sections, [
    { id: 'title', heading: 'Title', text: 'An easy start & more.' },
    { id: 'steps', heading: 'Steps', text: 'one two a b 1 2' },
  ])
})
