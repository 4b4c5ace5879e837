import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { version } from '../../version.js'
import { addressFor, pathOf } from '../access/public-url.js'
import { negotiateFormat } from '../http/content-negotiation.js'
import { pageHeaders } from '../http/page-headers.js'

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; background: Canvas; color: CanvasText }
  pre { padding: 1rem; overflow-x: auto; border: 1px solid; border-radius: 6px; font-size: 0.85rem }
  dt { font-weight: 600 }
`

const headers = pageHeaders({
  'style-src': `'sha256-${createHash('sha256').update(style).digest('base64')}'`,
})

const links = (base: string) => ({
  docs: `${base}/docs`,
  openapi: `${base}/openapi.json`,
  health: `${base}/healthz`,
  readiness: `${base}/readyz`,
})

export interface HomeRoutesDeps {
  publicUrl: string | null
}

/** What a browser shows at the address that the server prints, and what a program gets there. No key is needed. */
export async function homeRoutes(
  app: FastifyInstance,
  { publicUrl }: HomeRoutesDeps,
): Promise<void> {
  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    const formats = { json: 'application/json', html: 'text/html' }
    if (negotiateFormat(request, undefined, formats) === 'json') {
      return reply.send({ name: 'trainyard', version, ...links(publicUrl ?? '') })
    }
    return reply
      .type('text/html; charset=utf-8')
      .headers(headers)
      .send(page(addressFor(request, publicUrl), pathOf(publicUrl)))
  })
}

const page = (url: string, path: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trainyard</title>
<style>${style}</style>
</head>
<body>
<h1>Trainyard</h1>
<p>The server runs, version ${version}. It trains models on your data and predicts with them.</p>
<dl>
<dt><a href="${path}/docs">API documentation</a></dt>
<dd>Every operation, to read and to try.</dd>
<dt><a href="${path}/openapi.json">OpenAPI document</a></dt>
<dd>For tools that generate clients.</dd>
<dt><a href="${path}/readyz">Readiness</a></dt>
<dd>Whether Redis, the predictor and the disk work.</dd>
</dl>
<h2>First steps</h2>
<p>The API key is printed when the server starts, and kept in the file <code>key</code> of its data folder.</p>
<pre tabindex="0">
URL=${escapeHtml(url)}
AUTH="Authorization: Bearer $(cat data/key)"

# upload a table, train on it, and look at the job
curl -s $URL/datasets -H "$AUTH" -F name=mine -F target=COLUMN -F file=@FILE.csv
curl -s $URL/jobs -H "$AUTH" -H 'Content-Type: application/json' \\
  -d '{ "model": { "kind": "boosting" }, "dataset": "mine" }'
curl -s $URL/jobs -H "$AUTH"
</pre>
</body>
</html>
`

const escapeHtml = (text: string) =>
  text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
