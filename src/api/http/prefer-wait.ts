import type { FastifyReply, FastifyRequest } from 'fastify'

/** How long an answer waits for work that may take long, if the client does not say it. Proxies give up after 60 s. */
const defaultSeconds = 50

/**
 * How many seconds the client waits for the work of its request: `?wait=`, or `Prefer: respond-async, wait=5`
 * (RFC 7240), without `wait` none at all.
 */
export function secondsToWait(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  wait: number | undefined,
): number {
  if (wait !== undefined) return wait
  const preferences = [headers.prefer ?? []].flat().join(',').toLowerCase()
  if (!/(^|[,;\s])respond-async($|[,;\s])/.test(preferences)) return defaultSeconds
  reply.header('preference-applied', 'respond-async')
  const [, seconds = '0'] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,3})"?/.exec(preferences) ?? []
  return Number(seconds)
}
