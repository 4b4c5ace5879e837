import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { guideFolder } from '../../places.js'
import { acceptedEncoding } from '../http/compression.js'
import { negotiateFormat } from '../http/content-negotiation.js'
import { HttpError } from '../http/http-error.js'
import { pageHeaders } from '../http/page-headers.js'
import { onDemand } from './docs.js'

// the icon is a data: URL
const headers = pageHeaders({
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
})

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
}

const suffixes = { br: '.br', gzip: '.gz', none: '' } as const

/**
 * Serves the guide, which the build makes of docs/ (scripts/setup/guide.mjs). It contains no data, so it requires no
 * key. Pages are asked for again each time, by their ETag; the names of their files change with the content, so
 * browsers keep those.
 */
export async function guideRoutes(app: FastifyInstance): Promise<void> {
  const files = await readFolder()
  const schema = { hide: true, security: [] }
  const page = { config: { etag: true }, schema }

  app.get('/docs/guide', { schema }, async (_request, reply) => reply.redirect('guide/', 308))
  app.get('/docs/guide/', page, async (request, reply) => sendPage(request, reply, 'index'))
  app.get<{ Params: { name: string } }>('/docs/guide/:name', page, async (request, reply) =>
    sendPage(request, reply, request.params.name),
  )
  app.get<{ Params: { name: string } }>(
    '/docs/guide/files/:name',
    { schema },
    async (request, reply) => {
      const { name } = request.params
      const path = `files/${name}`
      if (!files.has(path)) {
        throw new HttpError('NOT_FOUND', `the guide has no file '${name}': reload the page`)
      }
      reply.header('cache-control', 'public, max-age=31536000, immutable')
      return send(request, reply, path)
    },
  )

  async function sendPage(request: FastifyRequest, reply: FastifyReply, name: string) {
    reply.headers(headers)
    if (files.has(`${name}.html`)) return send(request, reply, `${name}.html`)
    const formats = { json: 'application/json', html: 'text/html' }
    if (!files.has('not-found.html') || negotiateFormat(request, undefined, formats) === 'json') {
      const help = files.has('index.html') ? 'GET /docs/guide/ lists its pages' : notBuilt
      throw new HttpError('NOT_FOUND', `the guide has no page '${name}': ${help}`)
    }
    return send(request, reply.code(404), 'not-found.html')
  }

  async function send(request: FastifyRequest, reply: FastifyReply, path: string) {
    const encoding = acceptedEncoding(request.headers['accept-encoding']) ?? 'none'
    const isCompressed = encoding !== 'none' && files.has(path + suffixes[encoding])
    if (isCompressed) reply.header('content-encoding', encoding)
    if (files.has(`${path}.br`)) reply.header('vary', 'accept-encoding')
    const content = await files.get(isCompressed ? path + suffixes[encoding] : path)!()
    return reply.type(types[extname(path)]!).send(content)
  }
}

const notBuilt = 'it has not been built: run npm run build'

/** The files of the guide by their paths; none if it has not been built, as after tsc alone. */
async function readFolder(): Promise<Map<string, () => Promise<Buffer>>> {
  const namesIn = async (folder: string) => {
    try {
      return await readdir(join(guideFolder, folder), { withFileTypes: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
  const paths = [
    ...(await namesIn('')).filter(entry => entry.isFile()).map(({ name }) => name),
    ...(await namesIn('files')).map(({ name }) => `files/${name}`),
  ]
  return new Map(paths.map(path => [path, onDemand(() => readFile(join(guideFolder, path)))]))
}
