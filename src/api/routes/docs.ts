import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { FastifyInstance } from 'fastify'
import { pageHeaders } from '../http/page-headers.js'

// relative addresses work under any path of a proxy
const indexHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trainyard API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<nav class="swagger-ui"><div class="wrapper"><a class="link" href="docs/guide/">Guide</a></div></nav>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script type="module" src="docs/start.js"></script>
</body>
</html>
`

// Forms are open at once. Swagger UI would fill their optional fields with random text; it sends empty ones.
const startScript = `const url = new URL('openapi.json', location.href).href
const spec = await (await fetch(url)).json()
for (const { requestBody } of Object.values(spec.paths).flatMap(Object.values)) {
  const { properties = {}, required = [] } = requestBody?.content?.['multipart/form-data']?.schema ?? {}
  for (const [name, field] of Object.entries(properties)) {
    if (!required.includes(name) && field.type === 'string') field.example = ''
  }
}
SwaggerUIBundle({
  url,
  spec,
  dom_id: '#api',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  requestInterceptor(request) {
    const form = request.body instanceof FormData ? request.body : new FormData()
    for (const [name, value] of [...form]) if (value === '') form.delete(name)
    return request
  },
  validatorUrl: null,
})
`

// Swagger UI's icons are data: URLs; the styles that it sets from script are always allowed.
const headers = pageHeaders({
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
})

const assets = [
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
] as const

/** Serves the OpenAPI document as a page. It contains no data, so it requires no key. */
export async function docsRoutes(app: FastifyInstance): Promise<void> {
  const options = { config: { etag: true }, schema: { hide: true, security: [] } }
  const files = createRequire(import.meta.url)
  app.addHook('onSend', async (_request, reply) => {
    reply.headers(headers)
  })
  app.get('/docs', options, async (_request, reply) => {
    return reply.type('text/html; charset=utf-8').send(indexHtml)
  })
  app.get('/docs/start.js', options, async (_request, reply) => {
    return reply.type('text/javascript; charset=utf-8').send(startScript)
  })
  for (const [name, type] of assets) {
    const content = onDemand(() => readFile(files.resolve(`swagger-ui-dist/${name}`)))
    app.get(`/docs/${name}`, options, async (_request, reply) => {
      return reply
        .type(type)
        .header('cache-control', 'max-age=3600')
        .send(await content())
    })
  }
}

/** Reads a file at the first call and keeps it (2 MB that most servers never need). Retries after an error. */
export function onDemand(read: () => Promise<Buffer>): () => Promise<Buffer> {
  let content: Promise<Buffer> | null = null
  return () => {
    content ??= read().catch(error => {
      content = null
      throw error
    })
    return content
  }
}
