import GithubSlugger from 'github-slugger'
import hljs from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import ini from 'highlight.js/lib/languages/ini'
import json from 'highlight.js/lib/languages/json'
import nginx from 'highlight.js/lib/languages/nginx'
import python from 'highlight.js/lib/languages/python'
import typescript from 'highlight.js/lib/languages/typescript'
import yaml from 'highlight.js/lib/languages/yaml'
import { Marked } from 'marked'

const languages = { bash, ini, json, nginx, python, typescript, yaml }
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language)
hljs.registerAliases(['js', 'javascript'], { languageName: 'typescript' })
hljs.registerAliases(['service', 'env'], { languageName: 'ini' })
hljs.registerAliases(['prom'], { languageName: 'yaml' })

/**
 * Renders a page as GitHub does: its headings have the same anchors. `resolve(href)` returns what a link leads to on
 * the site.
 *
 * @returns {{ title: string, html: string, headings: { depth: number, id: string, text: string }[],
 *   sections: { id: string, heading: string, text: string }[], summary: string }}
 */
export function renderMarkdown(source, resolve) {
  const slugger = new GithubSlugger()
  const headings = []
  const marked = new Marked({ gfm: true, renderer: renderer({ slugger, headings, resolve }) })
  const tokens = marked.lexer(source)
  const html = marked.parser(tokens)
  const [title] = headings
  if (title?.depth !== 1) throw new Error('the page does not begin with a heading `# …`')
  const paragraph = tokens.find(({ type }) => type === 'paragraph')
  return {
    title: title.text,
    html,
    headings,
    sections: sectionsOf(tokens, headings),
    summary: paragraph ? plainText(paragraph).slice(0, 200) : '',
  }
}

const renderer = ({ slugger, headings, resolve }) => ({
  heading({ tokens, depth }) {
    const text = plainText({ tokens })
    const id = slugger.slug(text)
    headings.push({ depth, id, text })
    const inner = this.parser.parseInline(tokens)
    if (depth === 1) return `<h1 id="${id}">${inner}</h1>\n`
    const name = escapeHtml(`Link to ${text}`)
    return `<h${depth} id="${id}">${inner} <a class="anchor" href="#${id}" aria-label="${name}">#</a></h${depth}>\n`
  },
  code({ text, lang }) {
    return codeBlock(text, lang?.split(/\s/, 1)[0] ?? '')
  },
  link({ href, title, tokens }) {
    const hint = title ? ` title="${escapeHtml(title)}"` : ''
    return `<a href="${escapeHtml(resolve(href))}"${hint}>${this.parser.parseInline(tokens)}</a>`
  },
  image({ href, text }) {
    return `<img src="${escapeHtml(resolve(href))}" alt="${escapeHtml(text)}" loading="lazy">`
  },
  // a wide table scrolls by itself, also with a keyboard
  table(token) {
    const header = token.header.map(cell => this.tablecell(cell)).join('')
    const rows = token.rows.map(
      row => `<tr>${row.map(cell => this.tablecell(cell)).join('')}</tr>\n`,
    )
    return `<div class="table" tabindex="0"><table>\n<thead><tr>${header}</tr></thead>\n<tbody>\n${rows.join('')}</tbody>\n</table></div>\n`
  },
  blockquote({ tokens }) {
    const html = this.parser.parse(tokens)
    const [, kind] = /^<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]/.exec(html) ?? []
    if (!kind) return `<blockquote>\n${html}</blockquote>\n`
    const title = kind[0] + kind.slice(1).toLowerCase()
    const rest = html.replace(/^<p>\[!\w+\]\s*(<br>)?\s*/, '<p>')
    return `<div class="alert ${kind.toLowerCase()}"><p class="alert-title">${title}</p>\n${rest}</div>\n`
  },
  // comments say which test runs a block; of HTML, pages have pictures only
  html({ text }) {
    if (/^\s*(<!--[\s\S]*?-->\s*)*$/.test(text)) return ''
    return text.replace(
      /\b(src|srcset)="([^"]+)"/g,
      (_, name, href) => `${name}="${escapeHtml(resolve(href))}"`,
    )
  },
})

/** A block of code, coloured if its language is known. */
export function codeBlock(text, language) {
  const known = hljs.getLanguage(language)
  const inner = known
    ? hljs.highlight(text, { language, ignoreIllegals: true }).value
    : escapeHtml(text)
  return `<pre tabindex="0"><code>${inner}\n</code></pre>\n`
}

/** The text below each heading, for the search. */
function sectionsOf(tokens, headings) {
  const sections = []
  let next = 0
  for (const token of tokens) {
    if (token.type === 'heading') {
      const { id, text } = headings[next++]
      sections.push({ id, heading: text, text: '' })
    } else if (sections.length > 0) {
      sections.at(-1).text += ` ${plainText(token)}`
    }
  }
  for (const section of sections) section.text = section.text.replace(/\s+/g, ' ').trim()
  return sections
}

/** The text of a token as a reader sees it. */
function plainText(token) {
  if (token.type === 'html') return ''
  if (token.type === 'table') {
    const cells = [token.header, ...token.rows].flat()
    return cells.map(cell => plainText(cell)).join(' ')
  }
  if (token.type === 'list') return token.items.map(plainText).join(' ')
  if (token.tokens) return token.tokens.map(plainText).join(token.type === 'list_item' ? ' ' : '')
  return unescapeHtml(token.text ?? '')
}

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export const escapeHtml = text => text.replace(/[&<>"']/g, character => entities[character])

const unescapeHtml = text =>
  Object.entries(entities)
    .reverse()
    .reduce((result, [character, entity]) => result.replaceAll(entity, character), text)
