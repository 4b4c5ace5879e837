import type { FastifyRequest } from 'fastify'

/** Whether an Origin header names this server: the address by which it is called, or its public URL. */
export function isOwnOrigin(
  request: FastifyRequest,
  origin: string,
  publicUrl: string | null,
): boolean {
  if (publicUrl !== null && origin.toLowerCase() === new URL(publicUrl).origin) return true
  const named = URL.canParse(origin) ? new URL(origin).host : null
  return [request.headers.host ?? '', request.host].some(host => host.toLowerCase() === named)
}

/** A link was followed. Whose page it is on can neither read the answer nor frame it. */
export const isPageView = ({ method, headers }: FastifyRequest): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-fetch-dest'] === 'document'
