// Clients that leave early, say half, send many requests at once, or send byte by byte.
import type { Random } from '../../random.js'
import type { Part, RawRequest } from './exchange.js'
import { json, requestBytes } from './http-text.js'
import { type RequestKind, routesOf, type Target, whole } from './target.js'

/** A request with a body, of a random route. */
function someRequest(random: Random, target: Target): Buffer {
  const [method, path] = random.pick(routesOf(target))
  if (method !== 'POST') return requestBytes({ method, path }, target.key)
  const body = JSON.stringify({ text: 'x'.repeat(random.integerBelow(5000)) })
  return requestBytes({ path, ...json(body), chunked: random.next() < 0.3 }, target.key)
}

export const abortKind: RequestKind = {
  name: 'abort',
  weight: 10,
  make(random, target) {
    const all = someRequest(random, target)
    const cut = random.integerBelow(all.length + 1)
    const parts: Part[] = [all.subarray(0, cut)]
    if (random.next() < 0.3) parts.push({ pauseMs: random.integerBelow(30) })
    return { parts, due: 'nothing', leave: 'abort' }
  },
}

export const halfCloseKind: RequestKind = {
  name: 'half-close',
  weight: 6,
  make(random, target) {
    const all = someRequest(random, target)
    const cut = random.next() < 0.5 ? all.length : random.integerBelow(all.length)
    const parts = [all.subarray(0, cut)]
    // Node takes a client that says no more for one that has gone, even after a whole request
    return { parts, due: 'end', leave: 'half-close' }
  },
}

export const pipelineKind: RequestKind = {
  name: 'pipeline',
  weight: 4,
  make(random, target) {
    const count = 2 + random.integerBelow(15)
    const quick = ['/healthz', `/jobs/${target.job}`, '/jobs?limit=1', '/nowhere', '/models']
    const requests = Array.from({ length: count }, () =>
      requestBytes({ path: random.pick(quick) }, target.key),
    )
    return { parts: [Buffer.concat(requests)], answers: count, due: 'answer' }
  },
}

/** The same connection for one request after another, with the pauses of a busy client. */
export const keepAliveKind: RequestKind = {
  name: 'keep-alive',
  weight: 3,
  make(random, target) {
    const count = 2 + random.integerBelow(4)
    const parts = Array.from({ length: count }, () => [
      requestBytes({ path: `/jobs/${target.job}` }, target.key),
      { pauseMs: 5 + random.integerBelow(20) },
    ]).flat()
    return { parts, answers: count, due: 'answer' }
  },
}

/** Byte by byte, but fast enough to be served. */
export const slowKind: RequestKind = {
  name: 'slow',
  weight: 2,
  make(random, target) {
    const all = requestBytes({ path: '/jobs/cancel', ...json('{"name":"none"}') }, target.key)
    const size = 1 + Math.floor(all.length / (3 + random.integerBelow(20)))
    const parts: Part[] = []
    for (let at = 0; at < all.length; at += size)
      parts.push(all.subarray(at, at + size), { pauseMs: 5 })
    return { parts, due: 'answer' }
  },
}

/** A byte every `everyMs`, for longer than any server should wait; it must end the connection by itself. */
export function drip(
  target: Target,
  where: 'head' | 'body',
  everyMs: number,
  limitMs: number,
): RawRequest {
  const path = '/jobs'
  const body = where === 'body' ? 'x'.repeat(100_000) : '{}'
  const all = requestBytes({ path, ...json(body) }, target.key)
  const head = all.length - Buffer.byteLength(body)
  const start = where === 'body' ? head : 10
  const parts: Part[] = [all.subarray(0, start)]
  for (let i = 0; i < limitMs / everyMs && start + i < all.length; i++) {
    parts.push({ pauseMs: everyMs }, all.subarray(start + i, start + i + 1))
  }
  return { parts, due: 'end', limitMs }
}

/** The key is wrong, and the body never comes to its end. */
export function dripAfterRefusal(target: Target, everyMs: number, limitMs: number): RawRequest {
  return drip({ ...target, key: 'wrong' }, 'body', everyMs, limitMs)
}

export const plainKind: RequestKind = {
  name: 'plain',
  weight: 6,
  make(random, target) {
    const [method, path] = random.pick(routesOf(target).filter(([method]) => method !== 'POST'))
    return whole({ method, path }, target)
  },
}
