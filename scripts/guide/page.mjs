import { escapeHtml } from './markdown.mjs'

/** Two tracks that join at a switch, as in the dashboard. */
const logo =
  '<svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" aria-hidden="true"><path d="M5 10h22M5 22h6c6 0 6-12 12-12M17 22h10"/></svg>'
const icon = encodeURIComponent(
  logo
    .replace('currentColor', '#0e8c84')
    .replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"'),
)

/**
 * A page as HTML. It needs no script to be read. All addresses are relative, so that the guide works under any path of
 * a proxy: pages lie side by side in `docs/guide/`, files in `docs/guide/files/`.
 *
 * `page` has `slug`, `title`, `summary`, `html` and `headings`; `site` has `groups` of pages, `files` and `version`.
 */
export function pageHtml(page, site) {
  const { files } = site
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escapeHtml(page.summary)}">
<title>${escapeHtml(page.slug === '' ? 'Trainyard guide' : `${page.title} · Trainyard guide`)}</title>
<link rel="icon" href="data:image/svg+xml,${icon}">
<link rel="stylesheet" href="files/${files.style}">
<script src="files/${files.theme}"></script>
<script type="module" src="files/${files.script}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="./">${logo}Trainyard <span>guide</span></a>
<search class="search" hidden>
<input type="search" placeholder="Search" aria-label="Search the guide" data-index="files/${files.index}" autocomplete="off" spellcheck="false">
<div class="found" hidden></div>
<p class="only-heard" role="status"></p>
</search>
<nav class="elsewhere" aria-label="Server">
<a class="to-pages" href="#pages">Pages</a>
<a href="../../">Dashboard</a>
<a href="../../docs">API</a>
<button type="button" class="theme" hidden></button>
</nav>
</header>
<div class="columns">
<main id="main" tabindex="-1">
${narrowOutline(page)}<article>
${page.html}</article>
${neighbours(page, site)}
</main>
${wideOutline(page)}
${navigation(page, site)}
</div>
<footer class="foot">Trainyard ${escapeHtml(site.version)} · this guide describes the server that shows it</footer>
</body>
</html>
`
}

const outline = ({ headings }) =>
  headings
    .filter(({ depth }) => depth === 2 || depth === 3)
    .map(
      ({ depth, id, text }) =>
        `<li class="depth-${depth}"><a href="#${id}">${escapeHtml(text)}</a></li>`,
    )
    .join('\n')

const hasOutline = ({ headings }) => headings.filter(({ depth }) => depth === 2).length > 1

const wideOutline = page =>
  hasOutline(page)
    ? `<nav class="outline" aria-label="On this page">
<p>On this page</p>
<ul>
${outline(page)}
</ul>
</nav>`
    : '<div class="outline"></div>'

const narrowOutline = page =>
  hasOutline(page)
    ? `<details class="narrow-outline">
<summary>On this page</summary>
<ul>
${outline(page)}
</ul>
</details>
`
    : ''

const navigation = (page, { groups }) => `<nav class="pages" id="pages" aria-label="Pages">
${groups
  .map(
    ({ title, pages }) => `<p>${escapeHtml(title)}</p>
<ul>
${pages.map(each => `<li>${pageLink(each, page)}</li>`).join('\n')}
</ul>`,
  )
  .join('\n')}
</nav>`

const pageLink = ({ slug, label }, page) =>
  `<a href="${slug || './'}"${slug === page.slug ? ' aria-current="page"' : ''}>${escapeHtml(label)}</a>`

function neighbours(page, { groups }) {
  const all = groups.flatMap(({ pages }) => pages)
  const place = all.findIndex(({ slug }) => slug === page.slug)
  if (place < 0) return ''
  const link = (other, rel, word) =>
    other
      ? `<a rel="${rel}" href="${other.slug || './'}"><span>${word}</span> ${escapeHtml(other.label)}</a>`
      : '<span></span>'
  return `<nav class="neighbours" aria-label="Previous and next page">
${link(all[place - 1], 'prev', 'Previous')}
${link(all[place + 1], 'next', 'Next')}
</nav>`
}
