import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { dashboardFolder } from '../../places.js'
import { acceptedEncoding } from '../http/compression.js'
import { HttpError } from '../http/http-error.js'
import { onDemand } from './docs.js'

/** What the page loads at once, as the build names it (scripts/setup/page.mjs). */
export interface PageFiles {
  script: string
  style: string
  preloaded: string[]
}

/** Returns null if the dashboard has not been built, as after tsc alone. */
export async function readPageFiles(): Promise<PageFiles | null> {
  try {
    return JSON.parse(await readFile(join(dashboardFolder, 'files.json'), 'utf8')) as PageFiles
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const types: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
}

const suffixes = { br: '.br', gzip: '.gz', none: '' } as const

/**
 * Serves the scripts and the style sheet of the dashboard, which contain no data and need no key. Their names change
 * with their content, so browsers keep them.
 */
export async function dashboardRoutes(app: FastifyInstance): Promise<void> {
  const contents = new Map<string, () => Promise<Buffer>>()
  for (const name of await filesOf(dashboardFolder)) {
    contents.set(
      name,
      onDemand(() => readFile(join(dashboardFolder, name))),
    )
  }
  const options = { schema: { hide: true, security: [] } }
  app.get<{ Params: { name: string } }>('/assets/:name', options, async (request, reply) => {
    const { name } = request.params
    const type = types[name.split('.').at(-1)!]
    if (!type || !contents.has(name)) {
      throw new HttpError(
        'NOT_FOUND',
        `the dashboard of this version has no file '${name}': reload the page`,
      )
    }
    const encoding = acceptedEncoding(request.headers['accept-encoding']) ?? 'none'
    if (encoding !== 'none') reply.header('content-encoding', encoding)
    return reply
      .headers({ vary: 'accept-encoding', 'cache-control': 'public, max-age=31536000, immutable' })
      .type(type)
      .send(await contents.get(name + suffixes[encoding])!())
  })
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
