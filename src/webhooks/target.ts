import { quoteTruncated } from '../errors.js'
import {
  type Address,
  type AllowedNetworks,
  isAllowedAddress,
  resolveHost,
} from '../net/addresses.js'
import { targetRefused } from './errors.js'

/** With `private`, http is allowed too. */
export function parseTarget(text: string, allowedNetworks: AllowedNetworks): URL {
  if (!URL.canParse(text)) throw targetRefused(`${quoteTruncated(text, 100)} is not a URL`)
  const url = new URL(text)
  const schemes = allowedNetworks === 'public' ? ['https:'] : ['https:', 'http:']
  if (!schemes.includes(url.protocol)) {
    const hint = allowedNetworks === 'public' ? ' (TRAINYARD_WEBHOOKS=private allows http)' : ''
    throw targetRefused(`the URL starts with ${url.protocol}, expected https:${hint}`)
  }
  if (url.username || url.password) {
    throw targetRefused('the URL contains a user name or password; verify the signature instead')
  }
  // most ports below 1024 belong to services that are not web servers and might obey a crafted request
  const port = Number(url.port || 443)
  if (allowedNetworks === 'public' && port < 1024 && port !== 443) {
    throw targetRefused(`the port is ${port}, expected 443 or a port above 1023`)
  }
  return url
}

/** Resolves a URL's host. Throws unless webhooks may call every one of its addresses. */
export async function resolveTarget(
  url: URL,
  allowedNetworks: AllowedNetworks,
): Promise<Address[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = await resolveHost(url)
  if (addresses.length === 0) throw targetRefused(`${host} cannot be resolved`)
  if (!addresses.every(({ address }) => isAllowedAddress(address, allowedNetworks))) {
    const hint =
      allowedNetworks === 'public' ? '; TRAINYARD_WEBHOOKS=private allows private addresses' : ''
    throw targetRefused(`${host} resolves to an address that webhooks may not call${hint}`)
  }
  return addresses
}
