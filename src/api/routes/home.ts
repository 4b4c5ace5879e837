import type { FastifyInstance } from 'fastify'
import type { Session } from '../../spec/session.js'
import { version } from '../../version.js'
import { addressFor, pathOf } from '../access/public-url.js'
import type { Sessions } from '../access/sessions.js'
import { negotiateFormat } from '../http/content-negotiation.js'
import { pageHeaders } from '../http/page-headers.js'
import { type PageFiles, readPageFiles } from './dashboard.js'

/** The page may load nothing else, and run nothing that it did not bring; `blob:` and `data:` are images that it made. */
const headers = pageHeaders({
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' blob: data:",
  'connect-src': "'self'",
})

const links = (base: string) => ({
  docs: `${base}/docs`,
  guide: `${base}/docs/guide/`,
  openapi: `${base}/openapi.json`,
  health: `${base}/healthz`,
  readiness: `${base}/readyz`,
})

export interface HomeRoutesDeps {
  publicUrl: string | null
  sessions: Pick<Sessions, 'ofPage'>
}

/**
 * What a browser shows at the address that the server prints: the dashboard, which asks for a key itself. A program
 * gets JSON.
 */
export async function homeRoutes(
  app: FastifyInstance,
  { publicUrl, sessions }: HomeRoutesDeps,
): Promise<void> {
  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    const formats = { json: 'application/json', html: 'text/html' }
    if (negotiateFormat(request, undefined, formats) === 'json') {
      return reply.send({ name: 'trainyard', version, ...links(publicUrl ?? '') })
    }
    const files = await readPageFiles()
    // a page that knows who is signed in asks for what it shows at once
    const session = await sessions.ofPage(request, reply)
    return reply
      .type('text/html; charset=utf-8')
      .headers(headers)
      .send(page(addressFor(request, publicUrl), pathOf(publicUrl), files, session))
  })
}

const page = (
  url: string,
  path: string,
  files: PageFiles | null,
  session: Session | null,
) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Trainyard</title>
<link rel="icon" href="data:image/svg+xml,${icon}">
${files ? startOf(`${path}/assets`, files) : ''}
</head>
<body>
<div id="app"${session ? ` data-session="${escapeHtml(JSON.stringify(session))}"` : ''}></div>
${files ? `<noscript>${withoutScript(url, path)}</noscript>` : `<p>The dashboard has not been built: run npm run build.</p>${withoutScript(url, path)}`}
</body>
</html>
`

const icon = encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#0e8c84" stroke-width="3" stroke-linecap="round"><path d="M5 10h22M5 22h6c6 0 6-12 12-12M17 22h10"/></svg>',
)

const startOf = (assets: string, { script, style, preloaded }: PageFiles) =>
  [
    `<link rel="stylesheet" href="${assets}/${style}">`,
    ...preloaded.map(name => `<link rel="modulepreload" href="${assets}/${name}">`),
    `<script type="module" src="${assets}/${script}"></script>`,
  ].join('\n')

const withoutScript = (url: string, path: string) => `
<h1>Trainyard</h1>
<p>The server runs, version ${version}. Its dashboard needs JavaScript; the API does not.</p>
<ul>
<li><a href="${path}/docs/guide/">Guide</a></li>
<li><a href="${path}/docs">API documentation</a></li>
<li><a href="${path}/openapi.json">OpenAPI document</a></li>
<li><a href="${path}/readyz">Readiness</a></li>
</ul>
<pre>
URL=${escapeHtml(url)}
AUTH="Authorization: Bearer $(cat data/key)"
curl -s $URL/jobs -H "$AUTH"
</pre>
`

const escapeHtml = (text: string) =>
  text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
