// Protects the server's network from server-side request forgery (SSRF): clients choose the URLs of
// webhooks, and must not reach hosts that only the server can see.
import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { quoteTruncated } from '../errors.js'
import { targetRefused } from './errors.js'

/** `private` also allows http, and addresses in the server's own network. */
export type AllowedNetworks = 'public' | 'private'

export interface Address {
  address: string
  family: number
}

/** Names of ranges in ipaddr.js. Neither has link-local, which cloud metadata services use. */
const allowedRanges: Record<AllowedNetworks, readonly string[]> = {
  public: ['unicast'],
  private: ['unicast', 'private', 'loopback', 'uniqueLocal', 'carrierGradeNat'],
}

/** Addresses that IANA has assigned for the public internet. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

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
  const addresses = await lookup(host, { all: true }).catch(() => [])
  if (addresses.length === 0) throw targetRefused(`${host} cannot be resolved`)
  if (!addresses.every(({ address }) => isAllowedAddress(address, allowedNetworks))) {
    const hint =
      allowedNetworks === 'public' ? '; TRAINYARD_WEBHOOKS=private allows private addresses' : ''
    throw targetRefused(`${host} resolves to an address that webhooks may not call${hint}`)
  }
  return addresses
}

export function isAllowedAddress(address: string, allowedNetworks: AllowedNetworks): boolean {
  if (!ipaddr.isValid(address)) return false
  // process() turns an IPv4-mapped IPv6 address into its IPv4 address
  const ip = ipaddr.process(address)
  const range = ip.range()
  if (!allowedRanges[allowedNetworks].includes(range)) return false
  return ip.kind() === 'ipv4' || range !== 'unicast' || ip.match(globalUnicast)
}
